import type { IncomingMessage, ServerOptions, ServerResponse } from "node:http";
import cors from "@fastify/cors";
import type { FastifyInstance, FastifyReply } from "fastify";
import Fastify, { LogController } from "fastify";
import type { Logger } from "pino";
import { MIB } from "../../kernel/bytes.js";
import { SECOND_MS } from "../../kernel/clock.js";
import { badUserInput } from "../../kernel/errors.js";
import { newId } from "../../kernel/ids.js";
import { isHost } from "./base-url.js";
import { compressAnswers } from "./compress-answers.js";
import { answerInOrder } from "./connections/answer-in-order.js";
import { trackConnections } from "./connections/connections.js";
import { drainOnClose } from "./connections/drain.js";
import type { MinimumRate } from "./connections/end-slow-connections.js";
import { endSlowConnections } from "./connections/end-slow-connections.js";
import { holdUnreadAnswers } from "./connections/hold-unread-answers.js";
import { refuseWhileClosing } from "./connections/refuse-while-closing.js";
import type { StopNotice } from "./connections/stop-notice.js";
import { createStopNotice } from "./connections/stop-notice.js";
import type { UnreadBudget } from "./connections/unread-budget.js";
import { isWebSocketUpgrade } from "./connections/websocket-upgrade.js";
import { answerErrors } from "./errors/answer-errors.js";
import { answerClientError } from "./errors/client-error.js";
import { errorResponse } from "./errors/error-response.js";
import { HttpRefusal } from "./errors/http-refusal.js";
import { requestPath } from "./errors/request-path.js";
import { logResourceFault } from "./errors/resource-faults.js";
import { acceptsOrigin, originPatterns } from "./origins.js";
import { sendRateLimits } from "./rate-limit-headers.js";
import { setSecurityHeaders } from "./set-security-headers.js";
import { TUS_RESPONSE_HEADERS } from "./tus/tus-headers.js";

export interface HttpServerOptions {
  readonly log: Logger;
  /** Proxies whose `X-Forwarded-*` headers count. */
  readonly trustProxy: readonly string[];
  /** Origins of web apps that may call the API; `loopback` matches every origin on this machine. */
  readonly origins: readonly string[];
  /** The path whose errors have the form of a GraphQL response. */
  readonly graphqlPath: string;
  /** Whether JSON is compressed for clients that accept it. */
  readonly compresses: boolean;
  /** Limits the responses that wait in memory for slow clients. */
  readonly unread: UnreadBudget;
  /** How long requests in progress may take to finish when the server closes. */
  readonly drainMs: number;
  readonly stopNotice?: StopNotice;
  /** Clients that send or read more slowly are disconnected. */
  readonly minimumRate: MinimumRate;
  /** Adds hooks that observe every request that has its turn, refused ones included. */
  readonly observe?: (app: FastifyInstance) => void;
}

/** Maximum bytes of a body; files are sent as multipart requests. */
const BODY_LIMIT = MIB;

/** Headers fit into a packet or two, so this is generous. */
const HEADERS_MS = 30 * SECOND_MS;
const HEADERS_CHECK_MS = 5 * SECOND_MS;

/** Headers that pages of other origins may read. */
const EXPOSED_HEADERS: readonly string[] = [
  ...TUS_RESPONSE_HEADERS,
  "accept-ranges",
  "content-disposition",
  "content-length",
  "content-range",
  "etag",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "x-request-id",
];

/** The web server: request ids, one log line a request, CORS, and errors in the form that the client expects. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { graphqlPath, origins, stopNotice = createStopNotice() } = options;
  const forUnread = { graphqlPath, mayRead: acceptsOrigin(origins) };
  const app: FastifyInstance = Fastify({
    loggerInstance: options.log,
    trustProxy: options.trustProxy.length > 0 ? [...options.trustProxy] : false,
    bodyLimit: BODY_LIMIT,
    return503OnClosing: false,
    genReqId: newId,
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 512 },
    http: {
      shouldUpgradeCallback: isWebSocketUpgrade,
      // Also for a connection without any request.
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: HEADERS_CHECK_MS,
    } as ServerOptions,
    clientErrorHandler: (error, socket) =>
      answerClientError(error, socket, { ...forUnread, isBusy: connections.isBusy(socket) }),
    frameworkErrors: (error, request, reply) => {
      const { status, headers, body } = errorResponse(error, request.id);
      void (reply as FastifyReply).status(status).headers(headers).send(body);
    },
  }) as unknown as FastifyInstance;
  setSecurityHeaders(app);
  const connections = trackConnections(app);
  answerInOrder(app, connections);
  options.observe?.(app);
  await app.register(cors, {
    origin: originPatterns(origins),
    // An OPTIONS that is not a preflight is answered like one.
    strictPreflight: false,
    methods: ["GET", "HEAD", "POST", "PATCH", "DELETE"],
    exposedHeaders: [...EXPOSED_HEADERS],
    maxAge: 600,
  });
  drainOnClose(app, connections, { timeoutMs: options.drainMs, stopNotice });
  endSlowConnections(app, connections, options.minimumRate);
  if (options.compresses) compressAnswers(app);
  holdUnreadAnswers(app, options.unread);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    if (request.host && !isHost(request.host))
      throw badUserInput("The `Host` header of this request is not a valid host.");
    if (!isIdentity(request.headers["content-encoding"]))
      throw new HttpRefusal(
        415,
        "Send the body of this request uncompressed: compressed ones are not accepted.",
        {
          "accept-encoding": "identity",
        },
      );
  });
  refuseWhileClosing(app);
  sendRateLimits(app);
  app.addHook("onResponse", async (request, reply) => {
    const { method, ip } = request;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({ method, path: requestPath(request), status: reply.statusCode, ms, ip }, "request");
  });
  answerErrors(app, graphqlPath);
  surviveUnacceptedConnections(app, options.log);
  ignoreUnknownExpectations(app);
  return app;
}

/**
 * Node answers an unknown expectation with 417 and closes the connection; a client that is sending its body may never
 * see the answer. A server may ignore it instead (RFC 9110 §10.1.1).
 */
function ignoreUnknownExpectations({ server }: FastifyInstance): void {
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
    server.emit("request", request, response),
  );
}

/** Handles errors of accepting connections, which would end the process without a listener. */
function surviveUnacceptedConnections({ server }: FastifyInstance, log: Logger): void {
  server.on("error", (error) => {
    if (server.listening && !logResourceFault(log, error))
      log.warn({ err: error }, "a connection could not be accepted");
  });
}

const isIdentity = (contentEncoding: string | undefined): boolean =>
  !contentEncoding || contentEncoding.toLowerCase() === "identity";
