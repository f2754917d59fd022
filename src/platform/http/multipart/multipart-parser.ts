import type { IncomingHttpHeaders } from "node:http";
import busboy from "busboy";
import { KIB } from "../../../kernel/bytes.js";
import { badUserInput } from "../../../kernel/errors.js";
import { hasExtendedName, withValidName } from "./part-file-name.js";

/** The size of one read from a socket, so that a chunk that is consumed at once does not pause the socket. */
const BUFFER_BYTES = 64 * KIB;

/** busboy treats a part as a file if it has a file name or this type. The type that a client sends is not used. */
const TYPE_OF_FILES = "application/octet-stream";

export interface MultipartParser {
  readonly busboy: busboy.Busboy;
  /** From the next part on, every part is a file, whether it has a file name or not. */
  expectFiles(): void;
  /** Whether the file name of the part that has just begun was sent as `filename*`. */
  isNameExtended(): boolean;
  /** Whether the closing boundary has been parsed. busboy's own end event comes only after every file has been read. */
  isComplete(): boolean;
}

/** @throws BAD_USER_INPUT for a `Content-Type` without a boundary */
export function createMultipartParser(headers: IncomingHttpHeaders, maxFieldBytes: number): MultipartParser {
  const parser = busboyOf(headers, maxFieldBytes);
  let areFiles = false;
  let isNameExtended = false;
  interceptPartHeaders(parser, (part) => {
    const disposition = part["content-disposition"]?.[0] ?? "";
    isNameExtended = hasExtendedName(disposition);
    if (isNameExtended) part["content-disposition"] = [withValidName(disposition)];
    if (areFiles) part["content-type"] = [TYPE_OF_FILES];
  });
  return {
    busboy: parser,
    expectFiles: () => {
      areFiles = true;
    },
    isNameExtended: () => isNameExtended,
    isComplete: () => parser._complete,
  };
}

function busboyOf(headers: IncomingHttpHeaders, maxFieldBytes: number): OpenBusboy {
  try {
    return busboy({
      headers,
      defParamCharset: "utf8",
      highWaterMark: 2 * BUFFER_BYTES,
      fileHwm: BUFFER_BYTES,
      // A value that reaches this limit counts as truncated.
      limits: { fieldSize: maxFieldBytes + 1 },
    }) as OpenBusboy;
  } catch {
    throw badUserInput("The `Content-Type` must be `multipart/form-data` with a boundary.");
  }
}

type PartHeaders = Record<string, string[]>;

interface HeaderParser {
  cb(headers: PartHeaders): void;
}

/** Internals of busboy 1.6. */
type OpenBusboy = busboy.Busboy & { readonly _complete: boolean; _hparser: HeaderParser | null };

/**
 * Calls `intercept` with the headers of each part before busboy reads them: busboy would treat a photo without a file
 * name as text, hold it in memory and decode it, and has no option to change that.
 */
function interceptPartHeaders(parser: OpenBusboy, intercept: (headers: PartHeaders) => void): void {
  let current: HeaderParser | null = null;
  let intercepted: HeaderParser | null = null;
  Object.defineProperty(parser, "_hparser", {
    get: () => current,
    set(next: HeaderParser | null) {
      current = next;
      if (next === null || next === intercepted) return;
      intercepted = next;
      const take = next.cb.bind(next);
      next.cb = (headers) => {
        intercept(headers);
        take(headers);
      };
    },
  });
}
