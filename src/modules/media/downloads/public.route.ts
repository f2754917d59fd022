import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { normalizeId } from "../../../kernel/ids.js";
import { onFinished } from "../../../platform/http/connections/on-finished.js";
import { sendFile } from "../../../platform/http/files/send-file.js";
import { READ_BY_EVERY_PAGE } from "../../../platform/http/page-access.js";
import { rateUsesOf } from "../../../platform/http/rate-limit-headers.js";
import { urlVersionOf } from "../download-urls.js";
import type { VariantService } from "../variants/variant.service.js";
import { refuseDownload, servedAs } from "./download.route.js";
import type { DownloadService } from "./download.service.js";

export interface PublicRouteDeps {
  readonly downloads: DownloadService;
  readonly variants: VariantService;
}

interface PublicRequest {
  /** The name is for people and decides nothing. */
  Params: { id: string; variant: string; name: string };
  Querystring: { v?: string | string[] };
}

/** A URL with a version never changes its content, but a deleted file has to leave caches before long. */
const VERSION_MAX_AGE_SECONDS = 86_400;

/** A URL without a version changes its content when the file is replaced. */
const CURRENT_MAX_AGE_SECONDS = 60;

/**
 * `GET /public/{mediaFileId}/{variant}/{name}`: variants of files in public buckets, for everybody. Never the original:
 * a variant is drawn anew, without metadata or anything hidden in a file.
 */
export function registerPublicRoute(app: FastifyInstance, deps: PublicRouteDeps): void {
  app.get<PublicRequest>("/public/:id/:variant/:name", {
    config: READ_BY_EVERY_PAGE,
    errorHandler: (error, request, reply) => refuseDownload(error, request, reply),
    handler: (request, reply) => serve(deps, request, reply),
  });
}

async function serve(
  { downloads, variants }: PublicRouteDeps,
  request: FastifyRequest<PublicRequest>,
  reply: FastifyReply,
): Promise<void> {
  onFinished(request.raw, reply.raw, downloads.takePublicSlot(request.ip));
  await downloads.countPublicDownload(request.ip, rateUsesOf(request));
  const { file, variant } = await variants.requirePublic(
    normalizeId(request.params.id),
    request.params.variant,
  );
  await sendFile(request, reply, {
    ...servedAs(file, variant),
    access: "public",
    ...keptFor(request.query.v === urlVersionOf(variant)),
    inline: true,
    ...downloads.openPublic(file, variant),
  });
}

/** @param isVersion whether the URL names the bytes that are sent */
const keptFor = (isVersion: boolean) =>
  isVersion
    ? { maxAgeSeconds: VERSION_MAX_AGE_SECONDS, immutable: true }
    : { maxAgeSeconds: CURRENT_MAX_AGE_SECONDS };
