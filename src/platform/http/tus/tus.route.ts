import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { badUserInput } from "../../../kernel/errors.js";
import { normalizeId } from "../../../kernel/ids.js";
import { HttpRefusal } from "../errors/http-refusal.js";
import type { IncomingBytes, ResumableUpload, ResumableUploads } from "./resumable-uploads.js";
import * as tus from "./tus-headers.js";

interface OfOneUpload {
  readonly Params: { readonly id: string };
}

type Handler = (request: FastifyRequest<OfOneUpload>, reply: FastifyReply) => Promise<FastifyReply>;

/**
 * The tus protocol 1.0.0 with the extensions of `TUS_EXTENSIONS`: `POST {path}` creates an upload; `HEAD`, `PATCH` and
 * `DELETE {path}/{id}` continue and remove it. There is no GET: received bytes are never served from here.
 */
export async function registerTusRoutes(
  app: FastifyInstance,
  { path, uploads }: { readonly path: string; readonly uploads: ResumableUploads },
): Promise<void> {
  // Bytes are received by whoever the upload belongs to; a shutdown waits until the last of them are durable.
  const running = new Set<Promise<unknown>>();
  const track = <Result>(work: Promise<Result>): Promise<Result> => {
    const done = work.catch(() => {}).finally(() => running.delete(done));
    running.add(done);
    return work;
  };
  await app.register(async (scope) => {
    scope.addContentTypeParser(tus.OFFSET_BYTES, (_request, _body, done) => done(null));
    scope.addHook("onClose", () => Promise.all(running));
    scope.addHook("onSend", async ({ method }, reply) => {
      reply.header("tus-resumable", tus.TUS_VERSION).header("cache-control", "no-store");
      if (method === "OPTIONS") describe(reply, uploads.maxBytes);
    });
    scope.addHook("onRequest", async ({ method, headers }) => {
      if (method !== "OPTIONS") tus.requireVersion(headers);
    });
    const { find, patch, remove } = handlers(uploads, track);
    scope.options(path, sendNothing);
    scope.options(`${path}/:id`, sendNothing);
    scope.post(path, async (request, reply) => create(uploads, request, reply, track));
    scope.head<OfOneUpload>(`${path}/:id`, find);
    scope.patch<OfOneUpload>(`${path}/:id`, patch);
    scope.delete<OfOneUpload>(`${path}/:id`, remove);
    // For clients in environments without PATCH and DELETE.
    scope.post<OfOneUpload>(`${path}/:id`, async (request, reply) => {
      const method = request.headers["x-http-method-override"];
      if (method === "PATCH") return patch(request, reply);
      if (method === "DELETE") return remove(request, reply);
      throw new HttpRefusal(405, "Send PATCH, HEAD or DELETE to an upload.", {
        allow: "DELETE, HEAD, OPTIONS, PATCH",
      });
    });
  });
}

type Track = <Result>(work: Promise<Result>) => Promise<Result>;

function handlers(uploads: ResumableUploads, track: Track): Record<"find" | "patch" | "remove", Handler> {
  return {
    async find(request, reply) {
      const upload = await uploads.find(request, normalizeId(request.params.id));
      const { offset, size, metadata } = upload;
      reply.header("upload-offset", offset).header("upload-expires", upload.expiresAt.toUTCString());
      if (size === null) reply.header("upload-defer-length", "1");
      else reply.header("upload-length", size);
      if (metadata !== null) reply.header("upload-metadata", metadata);
      return reply.status(200).send();
    },
    async patch(request, reply) {
      requireBytes(request);
      const offset = tus.requireOffset(request.headers);
      const bytes = incomingBytes(request, offset, tus.bytesIn(request.headers, "upload-length"));
      const upload = await track(uploads.append(request, normalizeId(request.params.id), bytes));
      return sendOffset(reply.status(204), upload);
    },
    async remove(request, reply) {
      await uploads.remove(request, normalizeId(request.params.id));
      return reply.status(204).send();
    },
  };
}

async function create(
  uploads: ResumableUploads,
  request: FastifyRequest,
  reply: FastifyReply,
  track: Track,
): Promise<FastifyReply> {
  const { headers } = request;
  if (headers["upload-concat"] !== undefined)
    throw badUserInput("Uploads cannot be concatenated: send the file as one upload.", {
      field: "upload-concat",
    });
  const size = tus.sizeOfNew(headers);
  const metadataText = headers["upload-metadata"]?.toString();
  const metadata = tus.metadataOf(metadataText);
  const isWithBytes = carriesBytes(request);
  const checksum = isWithBytes ? incomingBytes(request, 0, null) : null;
  const created = await uploads.create(request, { size, metadata, metadataText: metadataText ?? null });
  reply.header("location", uploads.urlOf(request, created.id));
  const upload = checksum ? await track(uploads.append(request, created.id, checksum)) : created;
  return sendOffset(reply.status(201), upload);
}

const sendOffset = (reply: FastifyReply, { offset, expiresAt }: ResumableUpload): FastifyReply =>
  reply.header("upload-offset", offset).header("upload-expires", expiresAt.toUTCString()).send();

const incomingBytes = (request: FastifyRequest, offset: number, size: number | null): IncomingBytes => ({
  offset,
  size,
  body: request.raw,
  bodyBytes: tus.bytesIn(request.headers, "content-length"),
  checksum: tus.checksumOf(request.headers),
});

/** @throws HttpRefusal 415 */
function requireBytes(request: FastifyRequest): void {
  if (!isOfBytes(request))
    throw new HttpRefusal(415, `Send the bytes with the header \`Content-Type: ${tus.OFFSET_BYTES}\`.`);
}

const isOfBytes = ({ headers }: FastifyRequest): boolean =>
  headers["content-type"]?.toLowerCase() === tus.OFFSET_BYTES;

const carriesBytes = (request: FastifyRequest): boolean =>
  isOfBytes(request) &&
  (request.headers["transfer-encoding"] !== undefined || request.headers["content-length"] !== "0");

function describe(reply: FastifyReply, maxBytes: number): void {
  reply
    .header("tus-version", tus.TUS_VERSION)
    .header("tus-extension", tus.TUS_EXTENSIONS)
    .header("tus-max-size", maxBytes)
    .header("tus-checksum-algorithm", tus.CHECKSUM_ALGORITHMS.join(","));
}

const sendNothing = async (_request: FastifyRequest, reply: FastifyReply) => reply.status(204).send();
