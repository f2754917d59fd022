import type { IncomingHttpHeaders } from "node:http";
import type { ByteRange } from "../../storage/storage.js";
import { parseRange } from "./byte-range.js";

/** Identifies one state of a file (RFC 9110 §8.8). */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  /** In bytes. */
  readonly size: number;
}

export type Answer = ByteRange | "whole" | "unsatisfiable" | "not-modified" | "precondition-failed";

/** Evaluates the conditions and the range of a GET or HEAD, in the order of RFC 9110 §13.2.2. */
export function answerTo(
  request: { readonly method: string; readonly headers: IncomingHttpHeaders },
  file: Validators,
): Answer {
  const { method, headers } = request;
  if (!mayProceed(headers, file)) return "precondition-failed";
  if (isKnownToClient(headers, file)) return "not-modified";
  // Only GET has ranges (RFC 9110 §14.2): a HEAD describes the whole file.
  if (method !== "GET" || !rangeStillFits(headers["if-range"], file)) return "whole";
  return parseRange(headers.range, file.size);
}

function mayProceed(headers: IncomingHttpHeaders, file: Validators): boolean {
  const match = headers["if-match"];
  if (match !== undefined) return lists(match, file.etag, "strong");
  const unmodifiedSince = parseHttpDate(headers["if-unmodified-since"]);
  return unmodifiedSince === null || wholeSeconds(file.lastModified) <= unmodifiedSince;
}

function isKnownToClient(headers: IncomingHttpHeaders, file: Validators): boolean {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined) return lists(noneMatch, file.etag, "weak");
  const modifiedSince = parseHttpDate(headers["if-modified-since"]);
  return modifiedSince !== null && wholeSeconds(file.lastModified) <= modifiedSince;
}

/**
 * `If-Range` (RFC 9110 §13.1.5): a part is only useful to a client that has another part of the same state of the file.
 */
function rangeStillFits(ifRange: string | string[] | undefined, file: Validators): boolean {
  if (ifRange === undefined) return true;
  if (typeof ifRange !== "string") return false;
  return ifRange.trim() === file.etag || parseHttpDate(ifRange) === wholeSeconds(file.lastModified);
}

/** Whether a list of entity tags, or `*`, names this one (RFC 9110 §8.8.3.2). */
function lists(header: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (header.trim() === "*") return true;
  for (const [tag, weak, opaque] of header.matchAll(/(W\/)?("[^"]*")/g)) {
    if (comparison === "weak" ? opaque === etag : !weak && tag === etag) return true;
  }
  return false;
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const RFC_850_DATE = /^[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/** Seconds since the epoch; null if the text has none of the three date formats (RFC 9110 §5.6.7). */
function parseHttpDate(text: string | undefined): number | null {
  if (text === undefined) return null;
  const isAsctime = ASCTIME_DATE.test(text);
  if (!isAsctime && !IMF_FIXDATE.test(text) && !RFC_850_DATE.test(text)) return null;
  const time = Date.parse(isAsctime ? `${text} GMT` : text);
  return Number.isNaN(time) ? null : time / 1000;
}

const wholeSeconds = (date: Date) => Math.floor(date.getTime() / 1000);
