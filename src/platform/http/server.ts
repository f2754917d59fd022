import type { ServerOptions } from "node:http";
import cors from "@fastify/cors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Fastify, { LogController } from "fastify";
import type { Logger } from "pino";
import { MIB } from "../../kernel/bytes.js";
import { badUserInput, FiledeskError } from "../../kernel/errors.js";
import { newId } from "../../kernel/ids.js";
import { isHost } from "./base-url.js";
import { endSlowBodies } from "./body-deadline.js";
import { trackConnections } from "./connections.js";
import { drainOnClose } from "./drain.js";
import { errorResponse } from "./error-response.js";
import { holdUnreadAnswers } from "./hold-unread-answers.js";
import { originPatterns } from "./origins.js";
import { refuseWhileClosing } from "./refuse-while-closing.js";
import type { UnreadBudget } from "./unread-budget.js";
import { isWebSocketUpgrade } from "./websocket-upgrade.js";

export interface HttpServerOptions {
  readonly log: Logger;
  /** Proxies whose `X-Forwarded-*` headers count. */
  readonly trustProxy: readonly string[];
  /** Origins of web apps that may call; `loopback` stands for every one on this machine. */
  readonly origins: readonly string[];
  /** Whose errors take the form of a GraphQL response. */
  readonly graphqlPath: string;
  /** What answers may wait for their readers in memory. */
  readonly unread: UnreadBudget;
  /** How long what is under way may take to finish when the server closes. */
  readonly drainMs: number;
}

/** A JSON body may have this many bytes; files come by another way. */
const BODY_LIMIT = MIB;

/** The web server: request ids, one log line a request, CORS, and errors in the form that the client expects. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: options.log,
    trustProxy: options.trustProxy.length > 0 ? [...options.trustProxy] : false,
    bodyLimit: BODY_LIMIT,
    return503OnClosing: false,
    genReqId: newId,
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 512 },
    http: { shouldUpgradeCallback: isWebSocketUpgrade } as ServerOptions,
    frameworkErrors: (error, request, reply) => {
      const { status, headers, body } = errorResponse(error, request.id);
      void (reply as FastifyReply).status(status).headers(headers).send(body);
    },
  }) as unknown as FastifyInstance;
  await app.register(cors, {
    origin: originPatterns(options.origins),
    exposedHeaders: [
      "content-disposition",
      "content-length",
      "content-range",
      "etag",
      "retry-after",
      "x-request-id",
    ],
    maxAge: 600,
  });
  drainOnClose(app, trackConnections(app), options.drainMs);
  endSlowBodies(app);
  holdUnreadAnswers(app, options.unread);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    if (request.host && !isHost(request.host))
      throw badUserInput("The `Host` header of this request names no host.");
  });
  refuseWhileClosing(app);
  app.addHook("onResponse", async (request, reply) => {
    const { method, ip } = request;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({ method, path: pathOf(request), status: reply.statusCode, ms, ip }, "request");
  });
  app.setNotFoundHandler((request, reply) => {
    const { status, headers, body } = errorResponse(
      Object.assign(new Error(), { code: "FST_ERR_NOT_FOUND", statusCode: 404 }),
      request.id,
    );
    return reply.status(status).headers(headers).send(body);
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = errorResponse(error, request.id);
    if (status >= 500 && !(error instanceof FiledeskError))
      request.log.error({ err: error }, "unexpected failure");
    const { message, ...extensions } = body.error;
    const isGraphQL = pathOf(request) === options.graphqlPath;
    return reply
      .status(status)
      .headers(headers)
      .send(isGraphQL ? { errors: [{ message, extensions }] } : body);
  });
  return app;
}

/** Without the query, which may hold a signature. */
const pathOf = (request: FastifyRequest) => request.url.split("?", 1)[0] ?? "";
