import type { ServerResponse } from "node:http";
import { pipeline, Readable, Transform } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { KIB } from "../../../kernel/bytes.js";
import type { FiledeskError } from "../../../kernel/errors.js";
import { badUserInput, conflict } from "../../../kernel/errors.js";
import type { ByteRange } from "../../storage/storage.js";
import { errorResponse } from "../errors/error-response.js";
import { contentDisposition } from "./file-name.js";
import { answerTo } from "./preconditions.js";

export interface ServedFile {
  readonly fileName: string;
  /** Sent as it is, with a charset where the caller knows that of a text. */
  readonly mimeType: string;
  /** In bytes. */
  readonly size: number;
  /** The hash of the content in hex. */
  readonly etag: string;
  readonly lastModified: Date;
  /** What is public may be kept by every cache. */
  readonly access: "private" | "public";
  /** For how long a cache may keep it: of a private file the viewer's own, and 0 unless the URL alone says who asks. */
  readonly maxAgeSeconds: number;
  /** Whether the URL stands for these very bytes, so that a cache need not ask again when somebody reloads. */
  readonly immutable?: boolean;
  /** Whether to show rather than save it; heeded for types that are safe to show. */
  readonly inline: boolean;
  /**
   * These bytes, all of them or a part. The range is always given: a reader that knows its end is spared a read
   * that finds nothing. Not called when no bytes are needed (HEAD, 304, 412, 416, an empty file).
   */
  open(range: ByteRange): Promise<Readable>;
  /** For a HEAD, which promises what a GET gives. @throws what `open` would throw */
  check(): Promise<void>;
  /** Told when the bytes turn out to be other than `size` says while they are sent. @throws what is to be answered where that is still possible */
  onDamage(error: Error): Promise<void>;
}

/** Bodies up to this length are read whole: one write to the socket, and a failure can still be told. */
const WHOLE_BODY_BYTES = 256 * KIB;

type Headers = Record<string, string | number>;

/**
 * Answers a GET or HEAD with a file: ranges, conditions and headers of RFC 9110 and RFC 6266. Resolves when the
 * response is over. A body is never short without a sign: when the source fails or has another length than
 * `size`, the error is thrown while no header has gone out, and afterwards the connection is cut. A client that
 * leaves closes the source.
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
      return refuse(request, reply, conflict("This file is not the one that the condition names."), 412);
    case "unsatisfiable":
      reply.header("content-range", `bytes */${file.size}`);
      return refuse(
        request,
        reply,
        badUserInput(`The range lies behind the file's ${file.size} bytes.`),
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
  const body =
    length === 0
      ? Buffer.alloc(0)
      : await openBody(file, await file.open(range), { length, response: reply.raw });
  if (body === null) return;
  if (body instanceof Readable)
    body.once("error", (error) => {
      takeBack(reply, headers);
      if (error instanceof WrongLength) file.onDamage(error).catch(() => {}); // it is the connection that says so
    });
  await reply
    .code(isPart ? 206 : 200)
    .headers(headers)
    .send(body);
}

/** The headers that hold for a 304 as well. */
function policyHeaders(file: ServedFile, etag: string): Headers {
  return {
    etag,
    "cache-control": `${file.access}, max-age=${file.maxAgeSeconds}${file.immutable ? ", immutable" : ""}`,
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    // Apps on other origins show images by their URL (page-access.ts).
    "cross-origin-resource-policy": "cross-origin",
  };
}

/** Fastify's own HEAD routes set `Content-Length: 0` unless they are given a stream. */
const emptyBody = (request: FastifyRequest) => (request.method === "HEAD" ? Readable.from([]) : undefined);

async function refuse(request: FastifyRequest, reply: FastifyReply, error: FiledeskError, status: number) {
  const { headers, body } = errorResponse(error, request.id, { [error.code]: status });
  await reply.code(status).headers(headers).send(body);
}

/** Null when the client has left. */
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
  // The callback is for a failure that nobody awaits: it reaches the client through the counted stream.
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

/** A stream that fails before its first byte is answered with an error, which must not look like the file. */
function takeBack(reply: FastifyReply, headers: Headers): void {
  if (reply.raw.headersSent) return;
  for (const name of Object.keys(headers)) {
    reply.removeHeader(name);
    reply.raw.removeHeader(name);
  }
}
