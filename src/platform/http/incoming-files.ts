import type { Readable } from "node:stream";
import { MIB } from "../../kernel/bytes.js";

/** Room for what a multipart request holds besides its files: boundaries, part headers, the GraphQL operation. */
export const ENVELOPE_BYTES = 2 * MIB;

/** A file on its way in. Nothing that the client says of it is trusted; the name is for people. */
export interface IncomingFile {
  readonly fileName: string;
  /** The bytes, once: a second call throws. They flow only while they are read (back-pressure up to the client). */
  open(): Readable;
}

/** The files of one request, in the order of the GraphQL variables. Each arrives when its part of the body does. */
export interface IncomingFiles {
  readonly files: readonly Promise<IncomingFile>[];
  /** The request's `Content-Length` in bytes, or null when the client did not give it. */
  readonly requestBytes: number | null;
}
