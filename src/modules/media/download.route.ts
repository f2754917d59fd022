import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { unauthenticated } from "../../kernel/errors.js";
import { DOWNLOAD_STATUS, errorResponse } from "../../platform/http/error-response.js";
import { sendFile } from "../../platform/http/send-file.js";
import type { UrlSigner } from "../../platform/http/signed-url.js";
import { isSigned } from "../../platform/http/signed-url.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import type { Download, DownloadService } from "./download.service.js";
import type { MediaFileService } from "./media-file.service.js";

/** One kind of download, as the module that owns it registers it. */
export interface DownloadRoute {
  /** The first segment of its paths. */
  readonly resource: "files" | "attachments";
  /** The file that an id stands for, if this viewer may read it. @throws NOT_FOUND, GONE */
  find(viewer: UserViewer, id: string): Promise<Omit<Download, "viewer">>;
}

export interface DownloadRouteDeps {
  readonly downloads: DownloadService;
  readonly signer: UrlSigner;
  readonly viewers: {
    /** Whoever the bearer token names. */
    ofRequest(request: FastifyRequest): Promise<Viewer>;
    /** Whoever a signature names, with what they may be today. */
    byId(userId: string): Promise<Viewer>;
  };
}

interface DownloadRequest {
  Params: { id: string; name: string };
  Querystring: Record<string, string>;
}

/** `GET /{resource}/{id}/{name}`, with a bearer token or the signature that `url` fields carry. */
export function registerDownloadRoute(
  app: FastifyInstance,
  deps: DownloadRouteDeps,
  route: DownloadRoute,
): void {
  app.get<DownloadRequest>(`/${route.resource}/:id/:name`, {
    errorHandler: (error, request, reply) => refuse(error, request, reply),
    handler: (request, reply) => serve(deps, route, request, reply),
  });
}

async function serve(
  deps: DownloadRouteDeps,
  route: DownloadRoute,
  request: FastifyRequest<DownloadRequest>,
  reply: FastifyReply,
): Promise<void> {
  const { id } = request.params;
  const { viewer, maxAgeSeconds } = await identify(deps, `${route.resource}/${id}`, request);
  await deps.downloads.countDownload(viewer);
  const found = await route.find(viewer, id);
  const { file } = found;
  await sendFile(request, reply, {
    fileName: file.fileName,
    mimeType: file.mimeType,
    size: file.size,
    etag: file.sha256,
    lastModified: file.createdAt,
    access: "private",
    maxAgeSeconds,
    inline: "inline" in request.query,
    open: deps.downloads.openDownload({ viewer, ...found }),
  });
}

/** @throws UNAUTHENTICATED without good credentials, FORBIDDEN when the signature is wrong or has expired */
async function identify(
  { signer, viewers }: DownloadRouteDeps,
  resource: string,
  request: FastifyRequest<DownloadRequest>,
) {
  if (isSigned(request.query)) {
    const { viewerId, maxAgeSeconds } = signer.verify(resource, request.query);
    return { viewer: known(await viewers.byId(viewerId)), maxAgeSeconds };
  }
  return { viewer: known(await viewers.ofRequest(request)), maxAgeSeconds: 0 };
}

function known(viewer: Viewer): UserViewer {
  if (viewer.kind === "anonymous")
    throw unauthenticated(
      "Downloads take the header `Authorization: Bearer <accessToken>`, or the `url` that the API gives.",
    );
  return viewer;
}

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const { status, body, headers } = errorResponse(error, request.id, DOWNLOAD_STATUS);
  if (status >= 500) request.log.error({ err: error }, "download failed");
  return reply
    .status(status)
    .headers({ ...headers, "cache-control": "no-store" })
    .send(body);
}

/** `GET /files/{mediaFileId}/{name}` */
export function registerMediaFileRoute(
  app: FastifyInstance,
  deps: DownloadRouteDeps,
  mediaFiles: MediaFileService,
): void {
  registerDownloadRoute(app, deps, {
    resource: "files",
    find: async (viewer, id) => ({
      file: await mediaFiles.requireReadable(viewer, id),
      subject: { type: "media-file", id },
    }),
  });
}
