import { getHashes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { badUserInput } from "../../../kernel/errors.js";
import { HttpRefusal } from "../errors/http-refusal.js";
import type { Checksum } from "./resumable-uploads.js";

export const TUS_VERSION = "1.0.0";
export const TUS_EXTENSIONS =
  "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum";
/** The media type of bytes that continue an upload. */
export const OFFSET_BYTES = "application/offset+octet-stream";

/** SHA-1 is required of each server; it detects damage, and proves nothing else. */
export const CHECKSUM_ALGORITHMS = ["sha1", "sha256", "md5"].filter((name) => getHashes().includes(name));

/** Request headers that a page of another origin may send, and response headers that it may read. */
export const TUS_RESPONSE_HEADERS = [
  "location",
  "tus-checksum-algorithm",
  "tus-extension",
  "tus-max-size",
  "tus-resumable",
  "tus-version",
  "upload-defer-length",
  "upload-expires",
  "upload-length",
  "upload-metadata",
  "upload-offset",
];

/** @throws HttpRefusal 412 for another version of the protocol, or none */
export function requireVersion(headers: IncomingHttpHeaders): void {
  if (headers["tus-resumable"] !== TUS_VERSION)
    throw new HttpRefusal(412, `Send the header \`Tus-Resumable: ${TUS_VERSION}\`.`, {
      "tus-version": TUS_VERSION,
    });
}

/** A number of bytes in a header; null without the header. @throws BAD_USER_INPUT */
export function bytesIn(headers: IncomingHttpHeaders, name: string): number | null {
  const text = headers[name];
  if (text === undefined) return null;
  const bytes = Number(text);
  if (typeof text !== "string" || !/^\d{1,16}$/.test(text) || !Number.isSafeInteger(bytes))
    throw badUserInput(`The header \`${name}\` must be a whole number of bytes.`, { field: name });
  return bytes;
}

/** @throws BAD_USER_INPUT without the header, or for a malformed one */
export function requireOffset(headers: IncomingHttpHeaders): number {
  const offset = bytesIn(headers, "upload-offset");
  if (offset === null) throw badUserInput("Send the header `Upload-Offset`.", { field: "upload-offset" });
  return offset;
}

/** The size of a new upload; null if the client states it later. @throws BAD_USER_INPUT unless it says one of both */
export function sizeOfNew(headers: IncomingHttpHeaders): number | null {
  const deferred = headers["upload-defer-length"];
  if (deferred !== undefined && deferred !== "1")
    throw badUserInput("The header `Upload-Defer-Length` can only be 1.", { field: "upload-defer-length" });
  const size = bytesIn(headers, "upload-length");
  if ((size === null) === (deferred === undefined))
    throw badUserInput("Send either `Upload-Length` or `Upload-Defer-Length: 1`.", {
      field: "upload-length",
    });
  return size;
}

/** The key-value pairs of `Upload-Metadata`. @throws BAD_USER_INPUT for a malformed header */
export function metadataOf(text: string | undefined): Map<string, string> {
  const metadata = new Map<string, string>();
  for (const pair of text?.split(",") ?? []) {
    const [key = "", value = "", ...more] = pair.trim().split(" ");
    const isGood = /^[\x21-\x2b\x2d-\x7e]+$/.test(key) && isBase64(value) && more.length === 0;
    if (!isGood || metadata.has(key)) throw badMetadata();
    metadata.set(key, Buffer.from(value, "base64").toString("utf8"));
  }
  return metadata;
}

/** The `Upload-Checksum` of a request. @throws BAD_USER_INPUT for a malformed one, or another algorithm */
export function checksumOf(headers: IncomingHttpHeaders): Checksum | null {
  const text = headers["upload-checksum"];
  if (text === undefined) return null;
  const [algorithm = "", digest = "", ...more] = String(text).split(" ");
  if (!CHECKSUM_ALGORITHMS.includes(algorithm) || digest === "" || !isBase64(digest) || more.length > 0)
    throw badUserInput(
      `The header \`Upload-Checksum\` must be one of ${CHECKSUM_ALGORITHMS.join(", ")}, and the hash in Base64.`,
      { field: "upload-checksum", allowed: CHECKSUM_ALGORITHMS },
    );
  return { algorithm, digest: Buffer.from(digest, "base64") };
}

/** The bytes differ from what the client has hashed: they are discarded. */
export const checksumMismatch = () =>
  new HttpRefusal(460, "The bytes of this request do not have the checksum that it states: send them again.");

const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

const badMetadata = () =>
  badUserInput(
    "The header `Upload-Metadata` must be pairs of a key and a Base64 value, with a space between them, separated by commas; each key once.",
    { field: "upload-metadata" },
  );
