import type { ServerResponse } from "node:http";
import { pipeline, Readable, Transform } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { KIB } from "../../../kernel/bytes.js";
import type { FiledeskError } from "../../../kernel/errors.js";
import { badUserInput, conflict } from "../../../kernel/errors.js";
import type { ByteRange } from "../../storage/storage.js";
import { errorResponse } from "../errors/error-response.js";
import { contentDisposition } from "./file-name.js";
import type { HandOver, HandOverHeaders } from "./hand-over.js";
import { canHandOver, sendHandOver } from "./hand-over.js";
import { answerTo } from "./preconditions.js";

export interface ServedFile {
  readonly fileName: string;
  /** Sent unchanged, so it includes the charset of a text if that is known. */
  readonly mimeType: string;
  /** In bytes. */
  readonly size: number;
  /** The hash of the content in hex. */
  readonly etag: string;
  readonly lastModified: Date;
  /** Public files may be stored by shared caches. */
  readonly access: "private" | "public";
  /**
   * How long a cache may store it; for a private file only the viewer's own cache, and 0 unless the URL alone
   * identifies the viewer.
   */
  readonly maxAgeSeconds: number;
  /** Whether the bytes behind the URL never change, so that caches need not revalidate on a reload. */
  readonly immutable?: boolean;
  /** Whether browsers display the file instead of saving it; only effective for types that are safe to display. */
  readonly inline: boolean;
  /**
   * Opens the bytes of a range. The range is always given, because a reader that knows its end saves a read at the end
   * of the file. Not called if no bytes are sent (HEAD, 304, 412, 416, an empty file).
   */
  open(range: ByteRange): Promise<Readable>;
  /**
   * Where the client or a proxy reads the bytes itself; null if they are sent from here. Called instead of `open`, and
   * before it if it answers null. @throws what `open` would throw
   */
  handOver?(headers: HandOverHeaders): Promise<HandOver | null>;
  /** Checks for a HEAD whether a GET would succeed. @throws what `open` would throw */
  check(): Promise<void>;
  /**
   * Called when the number of bytes that are read differs from `size`. @throws the error to respond with, if headers
   * have not been sent yet
   */
  onDamage(error: Error): Promise<void>;
}

/**
 * Bodies up to this length are read whole, so that they take one write to the socket and a failed read can still be
 * reported.
 */
const WHOLE_BODY_BYTES = 256 * KIB;

type Headers = Record<string, string | number>;

/**
 * Responds to a GET or HEAD with a file: ranges, conditions and headers of RFC 9110 and RFC 6266. Resolves when the
 * response has ended. A truncated body is always recognizable: if the source fails or its length differs from `size`,
 * the error is thrown as long as no header has been sent, and otherwise the connection is closed. The source is closed
 * when the client disconnects.
 *
 * @throws what `open` throws
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: ServedFile,
): Promise<void> {
  const etag = `"${file.etag}"`;
  const answer = answerTo(request, { etag, lastModified: file.lastModified, size: file.size });
  switch (answer) {
    case "precondition-failed":
      return refuse(request, reply, conflict("This file does not match the condition of the request."), 412);
    case "unsatisfiable":
      reply.header("content-range", `bytes */${file.size}`);
      return refuse(
        request,
        reply,
        badUserInput(`The range starts after the end of the file, which has ${file.size} bytes.`),
        416,
      );
    case "not-modified":
      return void (await reply.code(304).headers(policyHeaders(file, etag)).send(emptyBody(request)));
  }
  const isPart = answer !== "whole";
  const range = isPart ? answer : { start: 0, end: file.size - 1 };
  const length = range.end - range.start + 1;
  const headers: Headers = {
    ...policyHeaders(file, etag),
    ...(isPart && { "content-range": `bytes ${range.start}-${range.end}/${file.size}` }),
    "accept-ranges": "bytes",
    "content-type": file.mimeType,
    "content-length": length,
    "content-disposition": contentDisposition(file),
    "last-modified": file.lastModified.toUTCString(),
  };
  if (request.method === "HEAD") await file.check();
  if (request.method === "HEAD") return void (await reply.headers(headers).send(emptyBody(request)));
  if (length > 0 && file.handOver && canHandOver(request)) {
    const place = await file.handOver({
      contentType: file.mimeType,
      contentDisposition: headers["content-disposition"] as string,
      cacheControl: headers["cache-control"] as string,
    });
    if (place) return sendHandOver(reply, place, headers);
  }
  const body =
    length === 0
      ? Buffer.alloc(0)
      : await openBody(file, await file.open(range), { length, response: reply.raw });
  if (body === null) return;
  if (body instanceof Readable)
    body.once("error", (error) => {
      removeHeaders(reply, headers);
      if (error instanceof WrongLength) file.onDamage(error).catch(() => {}); // the connection is closed in any case
    });
  await reply
    .code(isPart ? 206 : 200)
    .headers(headers)
    .send(body);
}

/** Headers that a 304 has as well. */
function policyHeaders(file: ServedFile, etag: string): Headers {
  return {
    etag,
    "cache-control": `${file.access}, max-age=${file.maxAgeSeconds}${file.immutable ? ", immutable" : ""}`,
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    // Apps on other origins display images by their URL (page-access.ts).
    "cross-origin-resource-policy": "cross-origin",
  };
}

/** Fastify's own HEAD routes set `Content-Length: 0` unless they are given a stream. */
const emptyBody = (request: FastifyRequest) => (request.method === "HEAD" ? Readable.from([]) : undefined);

async function refuse(request: FastifyRequest, reply: FastifyReply, error: FiledeskError, status: number) {
  const { headers, body } = errorResponse(error, request.id, { [error.code]: status });
  await reply.code(status).headers(headers).send(body);
}

/** Null if the client has disconnected. */
async function openBody(
  file: Pick<ServedFile, "onDamage">,
  source: Readable,
  { length, response }: { readonly length: number; readonly response: ServerResponse },
): Promise<Readable | Buffer | null> {
  if (response.destroyed) {
    source.destroy();
    return null;
  }
  if (length <= WHOLE_BODY_BYTES)
    return readWhole(source, length, response).catch(async (error: unknown) => {
      if (error instanceof WrongLength) await file.onDamage(error);
      throw error;
    });
  // `pipeline` needs a callback; a failure reaches the client through the returned stream.
  return pipeline(source, exactly(length), () => undefined);
}

async function readWhole(source: Readable, length: number, response: ServerResponse): Promise<Buffer | null> {
  const stop = () => source.destroy();
  response.once("close", stop);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > length) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (response.destroyed) return null;
    throw error;
  } finally {
    response.off("close", stop);
  }
  if (size !== length) throw new WrongLength(length);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length);
}

function exactly(length: number): Transform {
  let left = length;
  return new Transform({
    highWaterMark: WHOLE_BODY_BYTES,
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(new WrongLength(length));
      else done(null, chunk);
    },
    flush(done) {
      done(left === 0 ? null : new WrongLength(length));
    },
  });
}

class WrongLength extends Error {
  constructor(length: number) {
    super(`a stored file does not have the ${length} bytes that it should`);
  }
}

/** Removes the headers of the file before an error response, if the stream has failed before its first byte. */
function removeHeaders(reply: FastifyReply, headers: Headers): void {
  if (reply.raw.headersSent) return;
  for (const name of Object.keys(headers)) {
    reply.removeHeader(name);
    reply.raw.removeHeader(name);
  }
}
