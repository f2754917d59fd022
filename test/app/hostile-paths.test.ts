import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { WebSocket } from "ws";
import { createFaultLog } from "../support/fault-log.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;
let token: string;
const { log, faults } = createFaultLog();

const NOBODY = "0190a000-0000-7000-8000-000000000000";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the body that are never sent, after which the client leaves. */
  readonly missing?: number;
}

/** One request as it is, and the status of its answer; null for a connection that ends without one. */
async function statusOf(sent: Sent): Promise<number | null> {
  const { method = "POST", path = "/graphql", headers = {}, body = "", missing = 0 } = sent;
  const bytes = Buffer.from(body);
  const all = {
    host: "127.0.0.1",
    authorization: `Bearer ${token}`,
    connection: "close",
    "content-length": String(bytes.length),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1").on("error", () => {});
  let answer = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  socket.write(bytes.subarray(0, bytes.length - missing));
  if (missing > 0) socket.end();
  await once(socket, "close");
  const [, status] = /^HTTP\/1\.1 (\d+) /.exec(answer) ?? [];
  return status === undefined ? null : Number(status);
}

const JSON_BODY = { "content-type": "application/json" };
const MULTIPART = { "content-type": "multipart/form-data; boundary=b", "apollo-require-preflight": "1" };

const part = (name: string, body: string, more = "") =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${body}\r\n`;

const MALFORMED_JSON = [
  "",
  "null",
  "[]",
  "1",
  "{",
  "[{}]",
  '\ufeff{"query":"{"}',
  '{"query":1}',
  '{"query":"\\ud800"}',
  '{"query":"{ __typename }","operationName":5}',
  '{"query":"query A { __typename }","operationName":"__proto__"}',
  '{"query":"query A { __typename } query B { __typename }","operationName":""}',
  '{"query":"query A { __typename } query B { __typename }","operationName":"toString"}',
  '{"query":"{ __typename }","variables":"x"}',
  '{"query":"{ __typename }","variables":[]}',
  '{"query":"{ __typename }","extensions":5}',
  '{"query":"{ __typename }","extensions":{"persistedQuery":5}}',
  '{"__proto__":{"query":"{ __typename }"}}',
];

const MALFORMED_FORMS = [
  "",
  "--b--\r\n",
  "--b\r\n\r\n\r\n--b--",
  `${part("operations", "{")}--b--`,
  `${part("operations", "null")}${part("map", "{}")}--b--`,
  `${part("operations", '{"query":"{ __typename }"}')}--b--`,
  `${part("map", "{}")}${part("operations", "{}")}--b--`,
  `${part("operations", "x", '; filename="x"')}--b--`,
  `${part("operations", '{"query":"query A { __typename }","operationName":"B"}')}${part("map", "{}")}--b--`,
];

const ODD_PATHS = [
  "/files/x",
  `/files/${NOBODY}/%00`,
  `/files/${NOBODY}/x?viewer=a&viewer=b&expires=1&key=__proto__&signature=`,
  `/files/${NOBODY}/x?viewer=${NOBODY}&expires=1e999&key=k1&signature=%ff`,
  `/files/${"a".repeat(600)}/x`,
  `/attachments/${NOBODY}/__proto__/x`,
  "/attachments/x/x/x/x/x",
  `/public/${NOBODY}/constructor/x`,
  "/legacy/",
  "/legacy/%00",
  "/legacy/%ff",
  "/legacy/x%0d%0aset-cookie:%20a=b",
  "/legacy/..%2f..%2fetc/passwd",
  "/legacy/__proto__?__proto__&a=%ff",
  `/legacy/${"a".repeat(6_000)}`,
  "/legacy//evil.example/x",
  "/events",
  "/events?topic=a&topic=b",
  "/events?topic=toString:x",
  "/events?topic=conversation:%00",
  `/events?topic=conversation:${NOBODY}&after=a&after=b`,
  `/events?topic=conversation:${NOBODY}&viewer=x&expires=y&key=k1&signature=z`,
  "/graphql?query=%ff",
  "/graphql?query={__typename}&query=x",
  "/graphql?query={__typename}&variables=[]",
  "/graphql?query=query+A{__typename}&operationName=B",
  "/graphql?query=mutation{signOut}",
  "/%",
  "//",
  "*",
];

const ODD_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { "content-type": "" },
  { "content-type": "a/b/c" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": "multipart/form-data" },
  { "content-type": "multipart/mixed; boundary=b" },
  { ...JSON_BODY, "content-encoding": "gzip" },
  { ...JSON_BODY, accept: "nonsense" },
  { ...JSON_BODY, expect: "200-maybe" },
  { ...JSON_BODY, "transfer-encoding": "chunked" },
  { ...JSON_BODY, authorization: "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0." },
  { ...JSON_BODY, authorization: `Bearer ${"x".repeat(8_000)}` },
];

const subscribe = (payload: string) => `{"type":"subscribe","id":"1","payload":${payload}}`;
const FOLLOW = "subscription S($i: ID!) { conversationEvents(conversationId: $i) { cursor } }";

const ODD_MESSAGES = [
  "x",
  "{}",
  "null",
  '{"type":"__proto__"}',
  '{"type":"connection_init","payload":[]}',
  '{"type":"subscribe"}',
  '{"type":"complete","id":"9"}',
  '{"type":"ping","payload":[1]}',
  subscribe('{"query":5}'),
  subscribe('{"query":"","extensions":5}'),
  subscribe('{"query":"subscription { x }","variables":[]}'),
  subscribe('{"query":"query A { __typename } query B { __typename }","operationName":"C"}'),
  subscribe(`{"query":"${FOLLOW}","operationName":"toString","variables":{"i":"${NOBODY}"}}`),
  subscribe(`{"query":"${FOLLOW}","operationName":"","variables":{"i":"\\ud800"}}`),
  subscribe(`{"query":"${FOLLOW}","variables":{"i":"\\u0000"}}`),
];

/** Whatever a client sends, the client is told; the log of the server's own faults stays empty. */
describe("is no fault of the server's:", () => {
  beforeAll(async () => {
    server = await startTestServer({ log });
    token = (await server.signInAs("agent@acme.test")).token;
  });
  afterEach(() => expect(faults).toEqual([]));
  afterAll(() => server.close());

  it.each(MALFORMED_JSON)("a body of %s", async (body) =>
    expect(await statusOf({ headers: JSON_BODY, body })).toBe(400),
  );

  it.each(MALFORMED_FORMS)("a form of %j", async (body) => {
    expect(await statusOf({ headers: MULTIPART, body })).toBe(400);
    if (body !== "") expect(await statusOf({ headers: MULTIPART, body, missing: 3 })).not.toBe(500);
  });

  it.each(["GET", "HEAD", "POST"].flatMap((method) => ODD_PATHS.map((path) => [method, path])))(
    "%s %s",
    async (method, path) => {
      const status = await statusOf({ method, path, headers: { "apollo-require-preflight": "1" } });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    },
  );

  it.each(["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])("the method %s", async (method) => {
    const status = await statusOf({ method, headers: JSON_BODY, body: '{"query":"{ __typename }"}' });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it.each(ODD_HEADERS)("headers like %j", async (headers) =>
    expect((await statusOf({ headers, body: '{"query":"{ __typename }"}' })) ?? 400).toBeLessThan(500),
  );

  it("an unknown expectation, which is ignored while the body comes", async () =>
    expect(
      await statusOf({ headers: { ...JSON_BODY, expect: "nothing" }, body: '{"query":"{ __typename }"}' }),
    ).toBe(200));

  it.each(ODD_MESSAGES)("over a websocket %s", async (message) => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    const told: string[] = [];
    socket.on("message", (data) => told.push(String(data)));
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
    socket.send(message);
    // Answered behind what came before; a connection that is closed for it answers nothing more.
    socket.send('{"type":"ping","payload":{"last":true}}');
    const isOver = () => socket.readyState === socket.CLOSED || told.some((text) => text.includes("last"));
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 5));
    if (message.includes('"query"') && socket.readyState === socket.OPEN)
      while (!told.some((text) => text.includes('"error"')))
        await new Promise((resolve) => setTimeout(resolve, 5));
    socket.terminate();
    expect(told.join()).not.toContain("INTERNAL_SERVER_ERROR");
  });
});
