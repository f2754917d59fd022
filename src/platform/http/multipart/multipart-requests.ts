import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { badUserInput } from "../../../kernel/errors.js";
import type { TempFolder } from "../../storage/temp-folder.js";
import { bearerToken } from "../bearer-token.js";
import type { MultipartLimits, ReceivedMultipart } from "./multipart.js";
import { receiveMultipart, requestTooLarge } from "./multipart.js";
import { onFinished } from "./on-finished.js";
import { closeOnUnreadBody } from "./unread-body.js";

const PREFLIGHT = "apollo-require-preflight";

declare module "fastify" {
  interface FastifyRequest {
    /** What a multipart request brings besides its operations; null for every other request. */
    incoming: IncomingBody | null;
  }
}

export interface IncomingBody {
  /** How many files the operation has. */
  readonly fileCount: number;
  /** The request's `Content-Length` in bytes, or null when the client did not give it. */
  readonly requestBytes: number | null;
  /**
   * Call when the answer is known: reads what is left of the body, if that is little, and resolves to whether nothing is.
   * Where something is, the answer is to have the status of an error: Chromium gives a page no other (`closeOnUnreadBody`).
   */
  readRest(): Promise<boolean>;
}

export interface Admission {
  /** Gives back what the admission took. Called exactly once, when the request is over in whatever way. */
  release(): void;
}

export interface MultipartDoor {
  /** The URL of the GraphQL route, as it is registered. */
  readonly path: string;
  readonly limits: MultipartLimits;
  /** Where files wait that stand before the one that is asked for. */
  readonly tempFolder: Pick<TempFolder, "open">;
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
  const underWay = new Set<Promise<void>>();
  app.addHook("preHandler", (request, reply, done) => {
    if (request.routeOptions.url !== door.path || !isMultipartPost(request.raw)) return done();
    const tellToContinue = () => void (waiting.delete(request.raw) && reply.raw.writeContinue());
    const onOver = (received: ReceivedMultipart) => {
      const cleaning = received
        .abort()
        .catch((error: unknown) => request.log.warn({ err: error }, "a temp file could not be removed"))
        .finally(() => underWay.delete(cleaning));
      underWay.add(cleaning);
    };
    enter(door, { request, reply, tellToContinue, onOver }).then(() => done(), done);
  });
  app.addHook("onClose", () => Promise.all(underWay));
}

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  tellToContinue(): void;
  /** Called when the request is over in whatever way. */
  onOver(received: ReceivedMultipart): void;
}

async function enter(
  { limits, tempFolder, admit }: MultipartDoor,
  { request, reply, tellToContinue, onOver }: Visit,
): Promise<void> {
  requirePreflight(request.headers);
  const requestBytes = contentLength(request.headers);
  if (requestBytes !== null && requestBytes > limits.maxRequestBytes)
    throw requestTooLarge(limits.maxRequestBytes, requestBytes);
  const admission = await admit(request);
  let received: ReceivedMultipart | null = null;
  onFinished(request.raw, reply.raw, () => {
    admission.release();
    if (received) onOver(received);
  });
  tellToContinue();
  received = await receiveMultipart(request.raw, limits, tempFolder);
  request.body = received.operations;
  const { fileCount, readRest } = received;
  request.incoming = { fileCount, requestBytes, readRest };
}

/**
 * A page of another origin cannot set these headers without the browser asking first, and the answer is no. Of
 * `Authorization` a bearer token alone proves that: passwords (RFC 7617) and tickets (RFC 4559) browsers send by themselves.
 */
function requirePreflight(headers: IncomingHttpHeaders): void {
  const isSetByScript = Object.entries(headers).some(
    ([name, value]) => (name === PREFLIGHT || name.startsWith("x-apollo-")) && value,
  );
  if (!isSetByScript && bearerToken(headers.authorization) === null)
    throw badUserInput(
      `Send the header \`${PREFLIGHT}: true\`, or \`Authorization: Bearer …\`, with a multipart request. It keeps other sites' ` +
        "pages from sending one in a signed-in person's name.",
    );
  // Apollo Server asks for the same, and knows fewer of these headers.
  headers[PREFLIGHT] ||= "true";
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
