import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { FiledeskError, unauthenticated } from "../../../kernel/errors.js";
import { normalizeId } from "../../../kernel/ids.js";
import { onFinished } from "../../../platform/http/connections/on-finished.js";
import { DOWNLOAD_STATUS, errorResponse } from "../../../platform/http/errors/error-response.js";
import { logFailure } from "../../../platform/http/errors/log-failure.js";
import { sendFile } from "../../../platform/http/files/send-file.js";
import type { UrlSigner } from "../../../platform/http/files/signed-url.js";
import { isSigned } from "../../../platform/http/files/signed-url.js";
import { READ_BY_EVERY_PAGE } from "../../../platform/http/page-access.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { MediaFileService } from "../media-file.service.js";
import { shownAs } from "../shown-as.js";
import type { VariantView } from "../variants/variant.repository.js";
import type { VariantService } from "../variants/variant.service.js";
import type { Download, DownloadService } from "./download.service.js";

/** A kind of download, registered by the module that owns it. */
export interface DownloadRoute {
  /** The first segment of its paths. */
  readonly resource: "files" | "attachments";
  /** The file of an id, if the viewer may read it. @throws NOT_FOUND, GONE */
  find(viewer: Identified, id: string): Promise<Omit<Download, "viewer">>;
}

export interface DownloadRouteDeps {
  readonly downloads: DownloadService;
  readonly variants: VariantService;
  readonly signer: UrlSigner;
  readonly viewers: {
    /** The viewer of the bearer token. */
    ofRequest(request: FastifyRequest): Promise<Viewer>;
    /** The viewer of a signature, with their present permissions. */
    ofSignature(request: FastifyRequest, viewerId: string): Promise<Viewer>;
  };
}

/** Browsers revalidate after a minute: the ETag, or a 410, reflects changes. */
const MAX_AGE_SECONDS = 60;

interface DownloadRequest {
  /** The name is for people and decides nothing. */
  Params: { id: string; variant?: string; name: string };
  Querystring: Record<string, string>;
}

/** `GET /{resource}/{id}[/{variant}]/{name}`, with a bearer token or the signature that `url` fields carry. */
export function registerDownloadRoute(
  app: FastifyInstance,
  deps: DownloadRouteDeps,
  route: DownloadRoute,
): void {
  for (const path of [":id/:name", ":id/:variant/:name"])
    app.get<DownloadRequest>(`/${route.resource}/${path}`, {
      config: READ_BY_EVERY_PAGE,
      errorHandler: (error, request, reply) => refuseDownload(error, request, reply),
      handler: (request, reply) => serve(deps, route, request, reply),
    });
}

async function serve(
  deps: DownloadRouteDeps,
  route: DownloadRoute,
  request: FastifyRequest<DownloadRequest>,
  reply: FastifyReply,
): Promise<void> {
  const id = normalizeId(request.params.id);
  const name = request.params.variant;
  const resource = name === undefined ? `${route.resource}/${id}` : `${route.resource}/${id}/${name}`;
  const { viewer, maxAgeSeconds } = await identify(deps, resource, request);
  onFinished(request.raw, reply.raw, deps.downloads.takeSlot(viewer));
  await deps.downloads.countDownload(viewer);
  const found = await route.find(viewer, id);
  const variant = name === undefined ? undefined : await deps.variants.requireVariant(found.file, name);
  const inline = "inline" in request.query;
  await sendFile(request, reply, {
    ...servedAs(found.file, variant),
    ...(variant ? { inline } : shownAs(found.file, inline)),
    access: "private",
    maxAgeSeconds,
    ...deps.downloads.openDownload({ viewer, ...found, ...(variant && { variant }) }),
  });
}

/** The headers of a file or a variant. */
export function servedAs(file: MediaFileView, variant: VariantView | undefined) {
  const { mimeType, size, sha256, createdAt } = variant ?? file;
  const fileName = variant
    ? `${withoutExtension(file.fileName)}.${EXTENSION[mimeType] ?? "jpg"}`
    : file.fileName;
  return { fileName, mimeType, size, etag: sha256, lastModified: createdAt };
}

const EXTENSION: Readonly<Record<string, string>> = { "image/png": "png", "image/webp": "webp" };

const withoutExtension = (name: string) => name.replace(/(?<=.)\.[^.]*$/, "");

/** @throws UNAUTHENTICATED without good credentials, FORBIDDEN when the signature is wrong or has expired */
async function identify(
  { signer, viewers }: DownloadRouteDeps,
  resource: string,
  request: FastifyRequest<DownloadRequest>,
) {
  if (isSigned(request.query)) {
    const { viewerId, maxAgeSeconds } = signer.verify(resource, request.query);
    return {
      viewer: known(await viewers.ofSignature(request, viewerId)),
      maxAgeSeconds: Math.min(maxAgeSeconds, MAX_AGE_SECONDS),
    };
  }
  return { viewer: known(await viewers.ofRequest(request)), maxAgeSeconds: 0 };
}

function known(viewer: Viewer): Identified {
  if (viewer.kind === "anonymous")
    throw unauthenticated(
      viewer.refusal ??
        "Downloads take the header `Authorization: Bearer <accessToken>`, or the `url` that the API gives.",
    );
  return viewer;
}

/** Answers a failure as a small JSON body, which no cache keeps. */
export function refuseDownload(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const { status, body, headers } = errorResponse(error, request.id, DOWNLOAD_STATUS);
  // The damage was logged when it was found.
  if (status >= 500 && !(error instanceof FiledeskError)) logFailure(request.log, error, "download failed");
  return reply
    .status(status)
    .headers({ ...headers, "cache-control": "no-store" })
    .send(body);
}

/** `GET /files/{mediaFileId}[/{variant}]/{name}` */
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
