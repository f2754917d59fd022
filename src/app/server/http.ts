import { sql } from "drizzle-orm";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { KIB, MIB } from "../../kernel/bytes.js";
import { SECOND_MS } from "../../kernel/clock.js";
import { unauthenticated } from "../../kernel/errors.js";
import { registerAttachmentRoute } from "../../modules/attachments/attachment.route.js";
import type { Viewer, ViewerContext } from "../../modules/identity/viewer.js";
import { registerMediaFileRoute } from "../../modules/media/downloads/download.route.js";
import { registerPublicRoute } from "../../modules/media/downloads/public.route.js";
import { registerLegacyPathRoute } from "../../modules/media/legacy/legacy-path.route.js";
import { registerStagedUploadRoutes } from "../../modules/media/uploads/staged-upload.route.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { EventFeed } from "../../platform/events/feed/feed.js";
import { eventCost } from "../../platform/graphql/documents/cost-limit.js";
import type { PreparationTurns } from "../../platform/graphql/documents/preparation-turns.js";
import { createPreparationTurns } from "../../platform/graphql/documents/preparation-turns.js";
import { limitMutations } from "../../platform/graphql/limit-mutations.js";
import { createReadAdmission, readInSlots } from "../../platform/graphql/read-slots.js";
import { GRAPHQL_PATH, registerGraphQL } from "../../platform/graphql/server/server.js";
import { createSubscriptions } from "../../platform/graphql/subscriptions/subscriptions.js";
import { baseUrl } from "../../platform/http/base-url.js";
import type { StopNotice } from "../../platform/http/connections/stop-notice.js";
import { createStopNotice } from "../../platform/http/connections/stop-notice.js";
import { createUnreadBudget } from "../../platform/http/connections/unread-budget.js";
import type { Dependency } from "../../platform/http/health.route.js";
import { registerHealthRoutes } from "../../platform/http/health.route.js";
import { registerJsonBodies } from "../../platform/http/json-body.js";
import { ENVELOPE_BYTES } from "../../platform/http/multipart/incoming-files.js";
import { registerMultipartRequests } from "../../platform/http/multipart/multipart-requests.js";
import { createHttpServer } from "../../platform/http/server.js";
import { openOperations } from "../startup/operations-manifest.js";
import { createSchema } from "../wiring/schema.js";
import type { Services } from "../wiring/services.js";
import type { Telemetry } from "../wiring/telemetry.js";
import { noTelemetry } from "../wiring/telemetry.js";
import { auditRefusedOperations, auditRefusedRequests, auditRefusedSubscriptions } from "./audit-refusals.js";
import { callerOf } from "./caller.js";
import { drainMs } from "./drain-time.js";
import { createMutationLimits, HASHING } from "./mutation-limits.js";
import { originsOf } from "./origins.js";
import { readShareOf } from "./read-share.js";
import { registerRealtime } from "./realtime.js";
import type { RequestViewers } from "./request-viewers.js";
import { createRequestViewers } from "./request-viewers.js";

export interface HttpOptions {
  readonly config: Config;
  readonly services: Services;
  readonly database: DatabaseClient;
  readonly log: Logger;
  /** The feed for websockets and event streams. */
  readonly feed: Pick<EventFeed<Viewer>, "subscribe">;
  readonly stopNotice?: StopNotice;
  readonly telemetry?: Pick<Telemetry, "observeHttp" | "graphqlPlugins" | "observeOperation">;
}

/** Creates the HTTP server with all its routes: GraphQL, downloads, health. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { config, services, database, log, feed } = options;
  const { stopNotice = createStopNotice(), telemetry = noTelemetry } = options;
  const viewers = createRequestViewers(services.sessions);
  const unread = createUnreadBudget({ maxBytes: config.UNREAD_MEGABYTES * MIB, log });
  const app = await createHttpServer({
    log,
    unread,
    trustProxy: config.TRUST_PROXY,
    origins: originsOf(config),
    graphqlPath: GRAPHQL_PATH,
    compresses: config.COMPRESSION,
    drainMs: drainMs(config),
    stopNotice,
    observe: telemetry.observeHttp,
    minimumRate: {
      bytesPerSecond: config.SLOWEST_KILOBYTES_PER_SECOND * KIB,
      windowMs: config.PACE_SECONDS * SECOND_MS,
    },
  });
  // Without Redis, because its notifications may be lost.
  registerHealthRoutes(app, dependenciesOf(options), stopNotice);
  auditRefusedRequests(app, services.refusals, viewers);
  const preparations = createPreparationTurns();
  registerBodies(app, preparations, viewers);
  registerUploads(app, config, services, viewers);
  const rules = {
    schema: limitMutations(readInSlots(await createSchema(services)), {
      admit: createMutationLimits({ db: database.db, config }),
      computing: HASHING,
    }),
    introspection: config.introspection,
    maxDepth: config.GRAPHQL_DEPTH,
  };
  const limits = {
    ...rules,
    findOperation: await openOperations(config, rules, log),
    maxCost: config.GRAPHQL_COST,
    maxAnswerBytes: config.GRAPHQL_ANSWER_MEGABYTES * MIB,
    preparations,
    callerOf,
  };
  const subscriptions = auditRefusedSubscriptions(
    createSubscriptions({
      ...limits,
      maxCost: eventCost(config.GRAPHQL_COST),
      startsPerMinute: config.SUBSCRIPTIONS_PER_MINUTE,
      feed,
      log,
    }),
    services.refusals,
  );
  registerRealtime(app, { config, services, subscriptions, unread });
  await registerGraphQL<ViewerContext>(app, {
    ...limits,
    landingPage: !config.isProduction,
    plugins: [...telemetry.graphqlPlugins(limits.schema), auditRefusedOperations(services.refusals)],
    observeOperation: telemetry.observeOperation(limits.schema),
    context: createContext(config, viewers),
  });
  await registerFileRoutes(app, config, services, viewers);
  return app;
}

const dependenciesOf = ({ database, services }: HttpOptions): Dependency[] => [
  { name: "database", check: () => database.db.execute(sql`select 1`) },
  { name: "storage", check: () => services.storage.check() },
  ...(services.scanner.isOn
    ? [{ name: "scanner", isOptional: true, check: () => services.scanner.check() }]
    : []),
];

function createContext(config: Config, viewers: RequestViewers) {
  const admission = createReadAdmission(config.DATABASE_CONNECTIONS);
  return async (request: FastifyRequest): Promise<ViewerContext> => {
    const viewer = await viewers.ofRequest(request);
    return {
      viewer,
      requestId: request.id,
      baseUrl: baseUrl(request, config.PUBLIC_URL),
      clientAddress: request.ip,
      userAgent: request.headers["user-agent"] ?? null,
      requestBytes: request.incoming?.requestBytes ?? null,
      requestFiles: request.incoming?.fileCount ?? 0,
      readRest: request.incoming?.readRest,
      reads: admission.forRequest(readShareOf(viewer, request.ip)),
    };
  };
}

function registerBodies(app: FastifyInstance, preparations: PreparationTurns, viewers: RequestViewers): void {
  registerJsonBodies(app, {
    path: GRAPHQL_PATH,
    callerOf: async (request) => {
      const caller = callerOf({ viewer: await viewers.ofRequest(request), clientAddress: request.ip });
      return { ...caller, beginTurn: () => preparations.begin(caller) };
    },
  });
}

function registerUploads(
  app: FastifyInstance,
  config: Config,
  services: Services,
  viewers: RequestViewers,
): void {
  const largest = Math.max(...Object.values(services.buckets).map((rules) => rules.maxBytes));
  registerMultipartRequests(app, {
    path: GRAPHQL_PATH,
    tempFolder: services.tempFolder,
    limits: {
      maxFiles: config.FILES_PER_REQUEST,
      maxFieldBytes: MIB,
      maxRequestBytes: config.FILES_PER_REQUEST * largest + ENVELOPE_BYTES,
    },
    admit: async (request) => {
      const viewer = await viewers.ofRequest(request);
      if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
      const { uploadAdmission } = services;
      const { release } = await uploadAdmission.admit(viewer);
      return { release, admitFiles: (count) => uploadAdmission.admitFiles(viewer, count) };
    },
  });
}

/** Downloads, and the bytes of resumable uploads. */
async function registerFileRoutes(
  app: FastifyInstance,
  config: Config,
  services: Services,
  viewers: RequestViewers,
): Promise<void> {
  const { downloads, variants, signer, mediaFiles, attachments } = services;
  registerMediaFileRoute(app, { downloads, variants, signer, viewers }, mediaFiles);
  registerAttachmentRoute(app, { downloads, variants, signer, viewers }, { attachments, mediaFiles });
  registerPublicRoute(app, { downloads, variants });
  const baseUrlOf = (request: FastifyRequest) => baseUrl(request, config.PUBLIC_URL);
  registerLegacyPathRoute(app, { legacyPaths: services.legacyPaths, downloads, viewers, baseUrlOf });
  await registerStagedUploadRoutes(app, {
    stagedUploads: services.stagedUploads,
    resumableUploads: services.resumableUploads,
    viewers,
    baseUrlOf,
  });
}
