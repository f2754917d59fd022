import type { Readable } from "node:stream";
import { MIB } from "../../../kernel/bytes.js";

/**
 * Allowance for the parts of a multipart request besides its files: boundaries, part headers, the GraphQL operation.
 */
export const ENVELOPE_BYTES = 2 * MIB;

/** A file that is being received. The client's information about it is not trusted; the name is for display. */
export interface IncomingFile {
  /** Empty if the client sent none. */
  readonly fileName: string;
  /**
   * The bytes, once: a second call throws. They are received only as fast as they are read (back-pressure up to the
   * client).
   */
  open(): Readable;
}

/** A file that a request has announced. The client keeps its bytes until `arrive` is called. */
export interface AnnouncedFile {
  /**
   * Requests the file, once, and resolves when its part of the body begins. Call it only when the upload is permitted:
   * earlier files of the body are then received as well, into temp files.
   *
   * @param signal cancels the request for the file
   */
  arrive(signal?: AbortSignal): Promise<IncomingFile>;
}

/** A file that has arrived before the request: a staged upload, which the request names. */
export interface StagedFileRef {
  readonly stagedUploadId: string;
}

/** The files of one request, in the order of the GraphQL variables; staged uploads after the others. */
export interface IncomingFiles {
  readonly files: readonly (AnnouncedFile | StagedFileRef)[];
  /**
   * The request's `Content-Length` in bytes; null if the client did not send it, or if the request has other files
   * besides these.
   */
  readonly requestBytes: number | null;
}

/** A file that is already available. */
export const fileAtHand = (file: IncomingFile): AnnouncedFile => ({ arrive: async () => file });
