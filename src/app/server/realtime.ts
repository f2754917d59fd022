import type { FastifyInstance } from "fastify";
import { SECOND_MS } from "../../kernel/clock.js";
import { fairTurns } from "../../kernel/fair-turns.js";
import { tokenEnd } from "../../modules/identity/sessions/access-token.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { Config } from "../../platform/config/config.js";
import { GRAPHQL_PATH } from "../../platform/graphql/server/server.js";
import { registerEventRoute } from "../../platform/graphql/subscriptions/event.route.js";
import type { Authentication, Realtime } from "../../platform/graphql/subscriptions/realtime.js";
import { registerSubscriptionStreams } from "../../platform/graphql/subscriptions/subscription-streams.js";
import type { Subscriptions } from "../../platform/graphql/subscriptions/subscriptions.js";
import { registerWebSocketGateway } from "../../platform/graphql/subscriptions/websocket-gateway.js";
import { baseUrl } from "../../platform/http/base-url.js";
import { createStreamSlots } from "../../platform/http/connections/connection-slots.js";
import type { UnreadBudget } from "../../platform/http/connections/unread-budget.js";
import { acceptsOrigin } from "../../platform/http/origins.js";
import type { Services } from "../wiring/services.js";
import { viewerKey } from "./caller.js";
import { eventDocuments } from "./event-documents.js";
import { originsOf } from "./origins.js";
import { readShareOf } from "./read-share.js";

/** Shares of the database connections for opening subscriptions: in total, and per company. */
const OPENING_SHARE = 0.4;
const OPENING_SHARE_PER_COMPANY = 0.2;

export interface RealtimeOptions {
  readonly config: Config;
  readonly services: Pick<Services, "sessions" | "signer">;
  readonly subscriptions: Subscriptions<Viewer>;
  readonly unread: UnreadBudget;
}

/** Registers the realtime endpoints: websockets and streams at the GraphQL URL, and event streams by topic. */
export function registerRealtime(
  app: FastifyInstance,
  { config, services: { sessions, signer }, subscriptions, unread }: RealtimeOptions,
): void {
  const realtime: Realtime<Viewer> = {
    subscriptions,
    unread,
    openingTurns: fairTurns({
      total: Math.max(1, Math.floor(config.DATABASE_CONNECTIONS * OPENING_SHARE)),
      perKey: Math.max(1, Math.floor(config.DATABASE_CONNECTIONS * OPENING_SHARE_PER_COMPANY)),
    }),
    slots: createStreamSlots(config.CONNECTIONS_PER_VIEWER),
    heartbeatMs: config.HEARTBEAT_SECONDS * SECOND_MS,
    async authenticate(token) {
      if (token === null) return null;
      const viewer = await sessions.viewerOf(token);
      return authenticationOf(viewer, viewer.kind === "api-key" ? viewer.expiresAt : tokenEnd(token));
    },
    requestOf: (request) => ({ baseUrl: baseUrl(request, config.PUBLIC_URL), clientAddress: request.ip }),
  };
  registerSubscriptionStreams(app, { ...realtime, path: GRAPHQL_PATH });
  // Registered before websockets, whose closing takes a while: `preClose` hooks run one after the other.
  registerEventRoute(app, {
    ...realtime,
    documents: eventDocuments,
    signer,
    authenticateBySignature: async ({ id, sessionId }, endsAt) =>
      authenticationOf(await sessions.viewerById(id, sessionId), endsAt),
  });
  registerWebSocketGateway(app, {
    ...realtime,
    path: GRAPHQL_PATH,
    maxSubscriptions: config.SUBSCRIPTIONS_PER_CONNECTION,
    acceptsOrigin: acceptsOrigin([
      ...originsOf(config),
      ...(config.PUBLIC_URL ? [new URL(config.PUBLIC_URL).origin] : []),
    ]),
  });
}

const authenticationOf = (viewer: Viewer, endsAt: Date | null): Authentication<Viewer> | null =>
  viewer.kind === "anonymous"
    ? null
    : { viewer, key: viewerKey(viewer), share: readShareOf(viewer, ""), endsAt };
