import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { READ_BY_EVERY_PAGE } from "../../../platform/http/page-access.js";
import { rateUsesOf } from "../../../platform/http/rate-limit-headers.js";
import type { Viewer } from "../../identity/viewer.js";
import { refuseDownload } from "../downloads/download.route.js";
import type { DownloadService } from "../downloads/download.service.js";
import { legacyPathsOf } from "./legacy-path.js";
import type { LegacyPathService } from "./legacy-path.service.js";

export interface LegacyPathRouteDeps {
  readonly legacyPaths: LegacyPathService;
  readonly downloads: Pick<DownloadService, "countDownload" | "countPublicDownload">;
  readonly viewers: { ofRequest(request: FastifyRequest): Promise<Viewer> };
  readonly baseUrlOf: (request: FastifyRequest) => string;
}

interface LegacyRequest {
  Params: { "*": string };
}

/** The new URL changes when the file is replaced, and ends when it is deleted. */
const PUBLIC_CACHE = "public, max-age=60";
/** The URL is signed for the viewer. */
const PRIVATE_CACHE = "no-store";

/** `GET /legacy/{path}`: redirects from the address that an imported file had before to its URL, for who may read it. */
export function registerLegacyPathRoute(app: FastifyInstance, deps: LegacyPathRouteDeps): void {
  app.get<LegacyRequest>("/legacy/*", {
    config: READ_BY_EVERY_PAGE,
    errorHandler: (error, request, reply) => refuseDownload(error, request, reply),
    handler: (request, reply) => redirect(deps, request, reply),
  });
}

async function redirect(
  { legacyPaths, downloads, viewers, baseUrlOf }: LegacyPathRouteDeps,
  request: FastifyRequest<LegacyRequest>,
  reply: FastifyReply,
): Promise<void> {
  const viewer = await viewers.ofRequest(request);
  if (viewer.kind === "anonymous") await downloads.countPublicDownload(request.ip, rateUsesOf(request));
  else await downloads.countDownload(viewer);
  const [, query = ""] = /\?(.*)$/s.exec(request.url) ?? [];
  const paths = legacyPathsOf(request.params["*"], query);
  const { url, isPublic } = await legacyPaths.locate({ viewer, baseUrl: baseUrlOf(request) }, paths);
  await reply.header("cache-control", isPublic ? PUBLIC_CACHE : PRIVATE_CACHE).redirect(url, 307);
}
