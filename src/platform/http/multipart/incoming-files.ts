import type { Readable } from "node:stream";
import { MIB } from "../../../kernel/bytes.js";

/** Room for what a multipart request holds besides its files: boundaries, part headers, the GraphQL operation. */
export const ENVELOPE_BYTES = 2 * MIB;

/** A file on its way in. Nothing that the client says of it is trusted; the name is for people. */
export interface IncomingFile {
  /** Empty where the client gave none. */
  readonly fileName: string;
  /** The bytes, once: a second call throws. They flow only while they are read (back-pressure up to the client). */
  open(): Readable;
}

/** A file that a request has announced. Its bytes stay with the client until it is asked for. */
export interface AnnouncedFile {
  /**
   * Asks for the file, once, and resolves when its part of the body begins. Ask when whoever sends it may: what stands
   * before it in the body is read as well, and waits in a temp file until it is asked for.
   *
   * @param signal takes the question back
   */
  arrive(signal?: AbortSignal): Promise<IncomingFile>;
}

/** The files of one request, in the order of the GraphQL variables. */
export interface IncomingFiles {
  readonly files: readonly AnnouncedFile[];
  /**
   * The request's `Content-Length` in bytes; null when the client did not give it, and when the request has other files
   * besides these.
   */
  readonly requestBytes: number | null;
}

/** A file that is there already. */
export const fileAtHand = (file: IncomingFile): AnnouncedFile => ({ arrive: async () => file });
