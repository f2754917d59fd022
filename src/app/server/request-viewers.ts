import type { FastifyRequest } from "fastify";
import type { SessionService } from "../../modules/identity/sessions/session.service.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import { bearerToken } from "../../platform/http/bearer-token.js";
import { readSignedFor } from "../../platform/http/files/signed-for.js";
import { rateUsesOf } from "../../platform/http/rate-limit-headers.js";

/** Finds the viewers of requests, each with the client that the audit log names. */
export interface RequestViewers {
  /** The viewer of the bearer token. The multipart parser and GraphQL both need it: it is read from the database once. */
  ofRequest(request: FastifyRequest): Promise<Viewer>;
  /** The viewer whom a signature names, with their present permissions; anonymous when the session that it names has ended. */
  ofSignature(request: FastifyRequest, viewerId: string): Promise<Viewer>;
  /** The viewer that was found before, by either; otherwise that of the bearer token. */
  identified(request: FastifyRequest): Promise<Viewer>;
}

export function createRequestViewers(
  sessions: Pick<SessionService, "viewerOf" | "viewerById">,
): RequestViewers {
  const byToken = new WeakMap<FastifyRequest, Promise<Viewer>>();
  const bySignature = new WeakMap<FastifyRequest, Promise<Viewer>>();
  const ofRequest = (request: FastifyRequest) =>
    remembered(byToken, request, () => sessions.viewerOf(bearerToken(request.headers.authorization)));
  return {
    ofRequest,
    ofSignature: (request, viewerId) =>
      remembered(bySignature, request, () => {
        const { id, sessionId } = readSignedFor(viewerId);
        return sessions.viewerById(id, sessionId);
      }),
    identified: (request) => bySignature.get(request) ?? ofRequest(request),
  };
}

function remembered(
  found: WeakMap<FastifyRequest, Promise<Viewer>>,
  request: FastifyRequest,
  find: () => Promise<Viewer>,
): Promise<Viewer> {
  const viewer = found.get(request) ?? withClient(request, find());
  found.set(request, viewer);
  return viewer;
}

async function withClient(request: FastifyRequest, viewer: Promise<Viewer>): Promise<Viewer> {
  const client = {
    address: request.ip,
    userAgent: request.headers["user-agent"],
    rateUses: rateUsesOf(request),
  };
  return { ...(await viewer), client };
}
