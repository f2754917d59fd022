import type { FastifyInstance, FastifyRequest } from "fastify";
import { formatBytes, KIB, MIB } from "../../kernel/bytes.js";
import { rateLimited, unauthenticated } from "../../kernel/errors.js";
import { limitJson } from "./json-limits.js";

export const JSON_BODY_LIMITS = {
  /** Maximum bytes of a body, whoever sends it; files are sent as multipart requests. */
  bytes: MIB,
  /** Maximum bytes from a caller without a sign-in, who sends little but credentials and queries about public data. */
  anonymousBytes: 128 * KIB,
  /** Bodies with more bytes or more values are parsed in turns. */
  bytesAtOnce: 16 * KIB,
  valuesAtOnce: 500,
  /** How many such bodies of one caller may wait in memory for their turns. */
  waitingPerCaller: 16,
} as const;

const RETRY_AFTER_SECONDS = 1;

export interface JsonBodies {
  /** The URL of the GraphQL route, where parameters of a GET contain JSON as well. */
  readonly path: string;
  /** Called only if a body is large. */
  callerOf(request: FastifyRequest): Promise<BodyCaller>;
}

export interface BodyCaller {
  readonly key: string;
  readonly isAnonymous: boolean;
  /**
   * Resolves when it is this caller's turn, with a function that ends the turn. @throws RATE_LIMITED if too many wait
   */
  beginTurn(): Promise<() => void>;
}

/**
 * Parses JSON bodies. Large ones are accepted only from callers who have signed in, and are parsed in turns by caller,
 * because each takes milliseconds of the event loop. All are checked against `JSON_LIMITS` before they are parsed.
 */
export function registerJsonBodies(app: FastifyInstance, { path, callerOf }: JsonBodies): void {
  const { bytes, anonymousBytes, bytesAtOnce, valuesAtOnce } = JSON_BODY_LIMITS;
  const parseJson = app.getDefaultJsonParser("error", "error");
  const parse = (request: FastifyRequest, text: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      parseJson(request, text, (error, body) => (error ? reject(error) : resolve(body)));
    });
  const inTurn = createBodyTurns();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: bytes },
    async (request: FastifyRequest, body: Buffer) => {
      // The length of a chunked body is only known now.
      if (body.length > anonymousBytes && (await callerOf(request)).isAnonymous) throw signInFirst();
      const text = body.toString();
      const values = limitJson(text, "The body of this request");
      if (body.length <= bytesAtOnce && values <= valuesAtOnce) return parse(request, text);
      return inTurn(await callerOf(request), () => parse(request, text));
    },
  );
  app.addHook("preParsing", (request, _reply, payload, done) => {
    const length = Number(request.headers["content-length"] ?? 0);
    const needsSignIn = length > anonymousBytes && length <= bytes;
    // Multipart bodies have a handler of their own.
    const isMultipart = request.headers["content-type"]?.startsWith("multipart/");
    if (!needsSignIn || isMultipart || request.routeOptions.url !== path) return done(null, payload);
    callerOf(request).then(
      ({ isAnonymous }) => (isAnonymous ? done(signInFirst()) : done(null, payload)),
      done,
    );
  });
  app.addHook("preValidation", (request, _reply, done) => {
    if (request.method === "GET" && request.routeOptions.url === path) limitParameters(request.query);
    done();
  });
}

/** Checks the JSON in the parameters of a GET (GraphQL over HTTP specification, "GET"). @throws QUERY_TOO_COMPLEX */
function limitParameters(query: unknown): void {
  const { variables, extensions } = query as Record<string, unknown>;
  if (typeof variables === "string") limitJson(variables, "The parameter `variables`");
  if (typeof extensions === "string") limitJson(extensions, "The parameter `extensions`");
}

function createBodyTurns() {
  const waiting = new Map<string, number>();
  return async <Body>({ key, beginTurn }: BodyCaller, work: () => Promise<Body>): Promise<Body> => {
    const own = waiting.get(key) ?? 0;
    if (own >= JSON_BODY_LIMITS.waitingPerCaller) throw tooManyBodies();
    waiting.set(key, own + 1);
    try {
      const endTurn = await beginTurn();
      try {
        return await work();
      } finally {
        endTurn();
      }
    } finally {
      const left = (waiting.get(key) ?? 1) - 1;
      if (left > 0) waiting.set(key, left);
      else waiting.delete(key);
    }
  };
}

const signInFirst = () =>
  unauthenticated(
    `Sign in first: a body of more than ${formatBytes(JSON_BODY_LIMITS.anonymousBytes)} needs the header \`Authorization: Bearer <accessToken>\`.`,
  );

const tooManyBodies = () =>
  rateLimited(
    `Too many requests with large bodies are waiting: send fewer at once, and try again in ${RETRY_AFTER_SECONDS} second.`,
    {
      policy: "large-bodies-waiting",
      limit: JSON_BODY_LIMITS.waitingPerCaller,
      retryAfter: RETRY_AFTER_SECONDS,
    },
  );
