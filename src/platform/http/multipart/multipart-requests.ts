import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { badUserInput } from "../../../kernel/errors.js";
import type { TempFolder } from "../../storage/temp-folder.js";
import { bearerToken } from "../bearer-token.js";
import { onFinished } from "../connections/on-finished.js";
import type { MultipartLimits, ReceivedMultipart } from "./multipart.js";
import { receiveMultipart, requestTooLarge } from "./multipart.js";
import { closeOnUnreadBody } from "./unread-body.js";

const PREFLIGHT = "apollo-require-preflight";

declare module "fastify" {
  interface FastifyRequest {
    /** The files of a multipart request; null for every other request. */
    incoming: IncomingBody | null;
  }
}

export interface IncomingBody {
  /** The number of files of the operation. */
  readonly fileCount: number;
  /** The request's `Content-Length` in bytes, or null if the client did not send it. */
  readonly requestBytes: number | null;
  /**
   * Call it before the response is sent: reads the rest of the body if that is little, and resolves to whether it has
   * been read to its end. Otherwise the response must have an error status, because Chromium does not pass any other on
   * to the page (`closeOnUnreadBody`).
   */
  readRest(): Promise<boolean>;
}

export interface UploadSlot {
  /** Called with the number of files before the first is received. @throws FiledeskError if they are too many */
  admitFiles(count: number): Promise<void>;
  /** Releases the slot. Called exactly once, when the request has ended for any reason. */
  release(): void;
}

export interface MultipartRequests {
  /** The URL of the GraphQL route, as registered. */
  readonly path: string;
  readonly limits: MultipartLimits;
  /** Holds files that arrive before the one that is requested. */
  readonly tempFolder: Pick<TempFolder, "open">;
  /** Checks whether the viewer may upload now, and takes an upload slot. @throws FiledeskError if not */
  admit(request: FastifyRequest): Promise<UploadSlot>;
}

/**
 * Handles GraphQL multipart requests at `path`. Before any byte of the body is read, it checks the preflight header,
 * the length and `admit`. Then `request.body` contains the operations, and the files can be read. Errors go to
 * Fastify's error handler: BAD_USER_INPUT, FILE_TOO_LARGE, UPLOAD_INCOMPLETE, and those of `admit`.
 *
 * It also makes the whole Fastify instance close connections whose request bodies have not been read
 * (`closeOnUnreadBody`).
 */
export function registerMultipartRequests(app: FastifyInstance, options: MultipartRequests): void {
  app.decorateRequest("incoming", null);
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  closeOnUnreadBody(app);
  const awaitingContinue = holdBackContinue(app, options.path);
  const cleanups = new Set<Promise<void>>();
  app.addHook("preHandler", (request, reply, done) => {
    if (request.routeOptions.url !== options.path || !isMultipartPost(request.raw)) return done();
    const sendContinue = () => void (awaitingContinue.delete(request.raw) && reply.raw.writeContinue());
    const onFinish = (received: ReceivedMultipart) => {
      const cleaning = received
        .abort()
        .catch((error: unknown) => request.log.warn({ err: error }, "a temp file could not be removed"))
        .finally(() => cleanups.delete(cleaning));
      cleanups.add(cleaning);
    };
    receive(options, { request, reply, sendContinue, onFinish }).then(() => done(), done);
  });
  app.addHook("onClose", () => Promise.all(cleanups));
}

interface MultipartRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  sendContinue(): void;
  /** Called when the request has ended for any reason. */
  onFinish(received: ReceivedMultipart): void;
}

async function receive(
  { limits, tempFolder, admit }: MultipartRequests,
  { request, reply, sendContinue, onFinish }: MultipartRequest,
): Promise<void> {
  requirePreflight(request.headers);
  const requestBytes = contentLength(request.headers);
  if (requestBytes !== null && requestBytes > limits.maxRequestBytes)
    throw requestTooLarge(limits.maxRequestBytes, requestBytes);
  const admission = await admit(request);
  let received: ReceivedMultipart | null = null;
  onFinished(request.raw, reply.raw, () => {
    admission.release();
    if (received) onFinish(received);
  });
  sendContinue();
  received = await receiveMultipart(request.raw, limits, tempFolder);
  await admission.admitFiles(received.fileCount);
  request.body = received.operations;
  const { fileCount, readRest } = received;
  request.incoming = { fileCount, requestBytes, readRest };
}

/**
 * A page of another origin cannot set these headers without a preflight, which is refused. In `Authorization` only a
 * bearer token proves that: browsers send passwords (RFC 7617) and tickets (RFC 4559) automatically.
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
  // Apollo Server makes the same check with fewer of these headers.
  headers[PREFLIGHT] ||= "true";
}

function contentLength(headers: IncomingHttpHeaders): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}

const isMultipartPost = ({ method, headers }: IncomingMessage): boolean =>
  method === "POST" && /^multipart\/form-data\s*(;|$)/i.test(headers["content-type"] ?? "");

/**
 * A client that sends `Expect: 100-continue` (RFC 9110 §10.1.1) holds its body back until it gets `100 Continue`:
 * multipart requests get it after `admit`, all others at once, as Node does by default.
 */
function holdBackContinue({ server }: FastifyInstance, path: string): WeakSet<IncomingMessage> {
  const awaitingContinue = new WeakSet<IncomingMessage>();
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.split("?", 1)[0] === path && isMultipartPost(request)) awaitingContinue.add(request);
    else response.writeContinue();
    server.emit("request", request, response);
  });
  return awaitingContinue;
}
