import type { FastifyRequest } from "fastify";
import type { SessionService } from "../../modules/identity/sessions/session.service.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import { bearerToken } from "../../platform/http/bearer-token.js";

/** Finds the viewers of requests, each with the client that the audit log names. */
export interface RequestViewers {
  /** The viewer of the bearer token. The multipart parser and GraphQL both need it: it is read from the database once. */
  ofRequest(request: FastifyRequest): Promise<Viewer>;
  /** The viewer whose id a signature contains, with their present permissions. */
  ofSignature(request: FastifyRequest, viewerId: string): Promise<Viewer>;
}

export function createRequestViewers(
  sessions: Pick<SessionService, "viewerOf" | "viewerById">,
): RequestViewers {
  const found = new WeakMap<FastifyRequest, Promise<Viewer>>();
  return {
    ofRequest(request) {
      const viewer =
        found.get(request) ??
        withClient(request, sessions.viewerOf(bearerToken(request.headers.authorization)));
      found.set(request, viewer);
      return viewer;
    },
    ofSignature: (request, viewerId) => withClient(request, sessions.viewerById(viewerId)),
  };
}

async function withClient(request: FastifyRequest, viewer: Promise<Viewer>): Promise<Viewer> {
  return { ...(await viewer), client: { address: request.ip, userAgent: request.headers["user-agent"] } };
}
