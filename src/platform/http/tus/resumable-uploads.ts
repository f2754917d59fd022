import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";

/** The state of an upload, as the protocol reports it. */
export interface ResumableUpload {
  readonly id: string;
  /** How many bytes are durable. */
  readonly offset: number;
  /** Null while the client has not stated it. */
  readonly size: number | null;
  readonly expiresAt: Date;
  /** The `Upload-Metadata` header with which it was created, as it was sent. */
  readonly metadata: string | null;
}

export interface NewResumableUpload {
  readonly size: number | null;
  readonly metadata: ReadonlyMap<string, string>;
  /** The header itself. */
  readonly metadataText: string | null;
}

/** A hash that the client has computed of the body of one request. */
export interface Checksum {
  readonly algorithm: string;
  readonly digest: Buffer;
}

/** The body of a request, and where it belongs. */
export interface IncomingBytes {
  readonly offset: number;
  /** The size of the upload, if the request states it. */
  readonly size: number | null;
  readonly body: IncomingMessage;
  /** The request's `Content-Length`; null for a chunked body. */
  readonly bodyBytes: number | null;
  readonly checksum: Checksum | null;
}

/** The uploads behind the protocol. Each function authorises the request and throws expected failures. */
export interface ResumableUploads {
  /** The largest upload, whatever its kind. */
  readonly maxBytes: number;
  create(request: FastifyRequest, upload: NewResumableUpload): Promise<ResumableUpload>;
  find(request: FastifyRequest, id: string): Promise<ResumableUpload>;
  /** Resolves when the bytes are durable and, after the last ones, when the upload has passed all checks. */
  append(request: FastifyRequest, id: string, bytes: IncomingBytes): Promise<ResumableUpload>;
  remove(request: FastifyRequest, id: string): Promise<void>;
  /** The absolute URL of an upload. */
  urlOf(request: FastifyRequest, id: string): string;
}
