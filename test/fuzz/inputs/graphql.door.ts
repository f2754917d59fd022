import { hostileRequest } from "../../support/hostile-documents.js";
import type { Door } from "../kit/door.js";
import type { Caller, World } from "../kit/fuzz-world.js";
import { judgeAnswer } from "../kit/known-answers.js";
import { mutateBytes } from "../kit/mutate-bytes.js";
import { headOf, sendRaw } from "../kit/raw-http.js";
import type { Source } from "../kit/source.js";
import { oddValue } from "./odd-values.js";
import type { OperationKind } from "./random-operation.js";
import { randomOperation } from "./random-operation.js";

interface GraphQLCase {
  readonly caller: Caller;
  readonly body: Buffer;
  readonly headers: readonly string[];
}

const KINDS: readonly OperationKind[] = ["query", "query", "query", "mutation", "mutation", "subscription"];
const TOKENS = [
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  "...",
  '"""',
  '"',
  "\\u",
  "\\ud800",
  "$",
  "@",
  "!",
  ":",
  "|",
  "#",
  ",",
  "\u0000",
  "\ufeff",
  "💥",
  "-0x1",
  "1e999",
  "on",
  "fragment",
  "null",
  "__proto__",
];

/** Documents and variables as JSON bodies: random operations of the schema, bent ones, and broken bytes. */
export const graphqlDoor: Door<GraphQLCase> = {
  name: "graphql",
  cases: 20_000,
  atOnce: 4,
  make(source, world) {
    const request = requestOf(source, world);
    const text = Buffer.from(typeof request === "string" ? request : JSON.stringify(request));
    const body = source.chance(0.1) ? mutateBytes(text, source) : text;
    return { caller: source.one(world.callers), body, headers: headersOf(source) };
  },
  async play({ caller, body, headers }, { server: { port } }) {
    const lines = [
      "Host: x",
      "Connection: close",
      ...headers,
      `Content-Length: ${body.length}`,
      ...(caller.token ? [`Authorization: Bearer ${caller.token}`] : []),
    ];
    const pieces = [headOf("POST /graphql", lines), body];
    // A stream goes on until somebody ends it.
    const isStream = headers.some((header) => /event-stream|multipart/.test(header));
    return judgeAnswer(await sendRaw({ port, pieces, isHeadEnough: isStream }), { isGraphQL: true });
  },
  sequence: { of: ({ body }) => body, replace: (input, body) => ({ ...input, body: body as Buffer }) },
  describe: ({ caller, body, headers }) => ({ how: { caller: caller.name, headers }, bytes: body }),
};

function requestOf(source: Source, { ids }: World): unknown {
  if (source.chance(0.15)) return hostileRequest(source.next, ids).body;
  const operation = randomOperation(source, source.one(KINDS), ids);
  const query = source.chance(0.2) ? brokenTokens(operation.query, source) : operation.query;
  const request: Record<string, unknown> = { query, variables: operation.variables };
  if (source.chance(0.05)) request.operationName = source.chance(0.5) ? "Q" : oddValue(source);
  if (source.chance(0.03)) request.extensions = oddValue(source);
  if (source.chance(0.03)) request.variables = oddValue(source);
  if (source.chance(0.02)) request[String(oddValue(source))] = oddValue(source);
  return source.chance(0.01) ? [request, request] : request;
}

/** Some of its tokens left out, doubled, exchanged or invented. */
function brokenTokens(query: string, source: Source): string {
  const tokens = query.split(/(\s+|[{}()[\]:!$@,])/);
  for (let n = source.int(1, 5); n > 0; n--) {
    const at = source.int(0, tokens.length - 1);
    const other = source.one(tokens);
    source.one([
      () => tokens.splice(at, 1),
      () => tokens.splice(at, 0, other),
      () => tokens.splice(at, 1, other),
      () => tokens.splice(at, 0, source.one(TOKENS)),
      () => tokens.splice(at, 0, ...tokens.slice(at, at + source.size(200))),
      () => tokens.splice(at),
    ])();
  }
  return tokens.join("");
}

const ACCEPTED = [
  "application/json",
  "application/graphql-response+json",
  "*/*",
  "application/graphql-response+json;q=0.1, application/json",
  "text/event-stream",
  'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json',
];

const headersOf = (source: Source): string[] => [
  `Accept: ${source.one(ACCEPTED)}`,
  `Content-Type: ${source.chance(0.95) ? "application/json" : source.one(["application/json; charset=utf-16", "application/json;", "text/plain", "application/graphql", "application/json; charset=UTF-8; a=b"])}`,
  ...(source.chance(0.05)
    ? [
        source.one([
          "Content-Encoding: gzip",
          "Accept-Encoding: gzip",
          "Expect: 100-continue",
          "Origin: null",
          "X-Forwarded-For: ::1, x",
          "traceparent: 00-x",
        ]),
      ]
    : []),
];
