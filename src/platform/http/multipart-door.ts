import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { badUserInput } from "../../kernel/errors.js";
import type { MultipartLimits, ReceivedMultipart } from "./multipart.js";
import { receiveMultipart, requestTooLarge } from "./multipart.js";
import { onceOver } from "./once-over.js";
import { closeOnUnreadBody } from "./unread-body.js";

declare module "fastify" {
  interface FastifyRequest {
    /** What a multipart request brings besides its operations; null for every other request. */
    incoming: IncomingBody | null;
  }
}

export interface IncomingBody {
  /** How many files `map` announces. */
  readonly fileCount: number;
  /** The request's `Content-Length` in bytes, or null when the client did not give it. */
  readonly requestBytes: number | null;
}

export interface Admission {
  /** Gives back what the admission took. Called exactly once, when the request is over in whatever way. */
  release(): void;
}

export interface MultipartDoor {
  /** The URL of the GraphQL route, as it is registered. */
  readonly path: string;
  readonly limits: MultipartLimits;
  /** Who is asking, and may they upload now? @throws FiledeskError when not */
  admit(request: FastifyRequest): Promise<Admission>;
}

/**
 * Takes GraphQL multipart requests at `path`. Before a byte of the body is read: the preflight header, the length,
 * then `admit`. Afterwards `request.body` holds the operations, and the files wait to be read. What is thrown goes to
 * Fastify's error handler: BAD_USER_INPUT, FILE_TOO_LARGE, UPLOAD_INCOMPLETE, and what `admit` throws.
 *
 * Also makes the whole instance close connections whose bodies it has not read (see `closeOnUnreadBody`).
 */
export function registerMultipartDoor(app: FastifyInstance, door: MultipartDoor): void {
  app.decorateRequest("incoming", null);
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  closeOnUnreadBody(app);
  const waiting = holdBackContinue(app, door.path);
  app.addHook("preHandler", (request, reply, done) => {
    if (request.routeOptions.url !== door.path || !isMultipartPost(request.raw)) return done();
    const tellToContinue = () => void (waiting.delete(request.raw) && reply.raw.writeContinue());
    enter(door, { request, reply, tellToContinue }).then(() => done(), done);
  });
}

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  tellToContinue(): void;
}

async function enter(
  { limits, admit }: MultipartDoor,
  { request, reply, tellToContinue }: Visit,
): Promise<void> {
  requirePreflight(request.headers);
  const requestBytes = contentLength(request.headers);
  if (requestBytes !== null && requestBytes > limits.maxRequestBytes)
    throw requestTooLarge(limits.maxRequestBytes, requestBytes);
  const admission = await admit(request);
  let received: ReceivedMultipart | null = null;
  onceOver(request.raw, reply.raw, () => {
    admission.release();
    received?.abort();
  });
  tellToContinue();
  received = await receiveMultipart(request.raw, limits);
  request.body = received.operations;
  request.incoming = { fileCount: received.fileCount, requestBytes };
}

/** A page of another origin cannot set these headers without the browser asking first, and the answer is no. */
function requirePreflight(headers: IncomingHttpHeaders): void {
  if (headers["x-apollo-operation-name"] || headers["apollo-require-preflight"]) return;
  throw badUserInput(
    "Send the header `apollo-require-preflight: true` with a multipart request. It keeps other sites' pages from " +
      "sending one in a signed-in person's name.",
  );
}

function contentLength(headers: IncomingHttpHeaders): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}

const isMultipartPost = ({ method, headers }: IncomingMessage): boolean =>
  method === "POST" && /^multipart\/form-data\s*(;|$)/i.test(headers["content-type"] ?? "");

/**
 * A client that sends `Expect: 100-continue` (RFC 9110 §10.1.1) keeps its body until it is told to go on: the door
 * tells it after `admit`, everybody else is told at once, as Node does by itself.
 */
function holdBackContinue({ server }: FastifyInstance, path: string): WeakSet<IncomingMessage> {
  const waiting = new WeakSet<IncomingMessage>();
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.split("?", 1)[0] === path && isMultipartPost(request)) waiting.add(request);
    else response.writeContinue();
    server.emit("request", request, response);
  });
  return waiting;
}
