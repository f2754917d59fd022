import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import type { Client, ClientOptions } from "graphql-ws";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { HOUR_MS } from "../../../../src/kernel/clock.js";
import type { RealtimeServer, RealtimeServerOptions } from "../../../support/realtime-server.js";
import { accessEnded, message, startRealtimeServer, until } from "../../../support/realtime-server.js";

const EVENTS = `subscription Events($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    cursor event { __typename ... on MessageAdded { message { id body } } }
  }
}`;

const closers: (() => unknown)[] = [];
const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

async function startServer(options?: RealtimeServerOptions): Promise<RealtimeServer> {
  const opened = await startRealtimeServer(options);
  closers.push(() => opened.app.close());
  return opened;
}

interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A plain websocket, and the messages it has received. */
async function dial(
  { port }: RealtimeServer,
  protocol: string | string[] = "graphql-transport-ws",
  headers = {},
) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, protocol, { headers });
  closers.push(() => socket.terminate());
  const received: { id?: string; type: string; payload?: unknown }[] = [];
  socket.on("message", (data) => received.push(JSON.parse(String(data))));
  const closed = once(socket, "close").then(([code, reason]): Closing => ({ code, reason: String(reason) }));
  await once(socket, "open");
  const send = (value: unknown) => socket.send(typeof value === "string" ? value : JSON.stringify(value));
  return { socket, received, closed, send };
}

async function enter(opened: RealtimeServer, token = "anna") {
  const dialed = await dial(opened);
  dialed.send({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
  await until(() => dialed.received.length > 0);
  expect(dialed.received.shift()).toEqual({ type: "connection_ack" });
  const subscribe = (id: string, query = EVENTS, variables: object = { id: "c1" }) =>
    dialed.send({ id, type: "subscribe", payload: { query, variables } });
  return { ...dialed, subscribe };
}

const codeIn = (payload: unknown) =>
  (payload as { extensions: { code: string; status: number } }[])[0]?.extensions;

function client(opened: RealtimeServer, options: Partial<ClientOptions> = {}): Client {
  const made = createClient({
    url: `ws://127.0.0.1:${opened.port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: "Bearer anna" },
    retryWait: async () => {},
    ...options,
  });
  closers.push(() => made.dispose());
  return made;
}

/** Nests `replies`; each of them costs ten times what is in it. */
function deep(levels: number): string {
  const replies = `${"replies { ".repeat(levels)}id${" }".repeat(levels)}`;
  return `subscription { conversationEvents(conversationId: "c1") { event { ... on MessageAdded { message { ${replies} } } } } }`;
}

const garbage = (seed: number): string =>
  [
    `{"type":"subscribe","id":${seed}}`,
    "null",
    "[]",
    '{"type":"pong","payload":3}',
    "\u0000",
    '{"__proto__":{}}',
    '{"type":"complete"}',
  ][seed % 7] ?? "";

/** An upgrade that is answered like any request. */
async function refused({ port }: RealtimeServer, path: string, headers: Record<string, string>) {
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    path,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  });
  request.end();
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {}
  return { status: response.statusCode, body };
}

const connectionsOf = ({ app }: RealtimeServer): Promise<number> =>
  new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)));

/** A client's text frame, masked with zeros. */
function frame(value: unknown): Buffer {
  const data = Buffer.from(JSON.stringify(value));
  const length = data.length < 126 ? [0x80 | data.length] : [0x80 | 126, data.length >> 8, data.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), data]);
}

let common: Promise<RealtimeServer> | undefined;
/** One server for the tests that leave it as it was. */
const shared = (): Promise<RealtimeServer> => {
  common ??= startRealtimeServer();
  return common;
};
describe("websocket gateway", () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  afterAll(async () => {
    expect(unhandled).toEqual([]);
    await (await common)?.app.close();
  });

  describe("The websocket gateway", () => {
    it("sends Apollo Client every event, in order", async () => {
      const opened = await startServer();
      const apollo = new ApolloClient({
        cache: new InMemoryCache(),
        link: new GraphQLWsLink(client(opened)),
      });
      closers.push(() => apollo.stop());
      const cursors: string[] = [];
      const watching = apollo
        .subscribe<{ conversationEvents: { cursor: string } }>({
          query: gql(EVENTS),
          variables: { id: "c1" },
        })
        .subscribe(({ data }) => cursors.push(data?.conversationEvents.cursor ?? ""));
      await until(() => opened.feed.subscribers.size === 1);
      for (let number = 1; number <= 50; number++) opened.feed.deliver("c1", message(`m${number}`));
      await until(() => cursors.length === 50);
      expect(cursors).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 1)));
      watching.unsubscribe();
      await until(() => opened.feed.subscribers.size === 0);
    });

    it.each<[what: string, id: string, query: string, variables: object, code: string, status: number]>([
      ["a query", "1", "{ hello }", {}, "BAD_USER_INPUT", 400],
      ["a mutation", "1", "mutation { change }", {}, "BAD_USER_INPUT", 400],
      ["what is not GraphQL", "1", "subscription {", {}, "GRAPHQL_PARSE_FAILED", 400],
      ["an unknown field", "1", "subscription { other }", {}, "GRAPHQL_VALIDATION_FAILED", 400],
      ["two operations", "1", `${EVENTS} query B { hello }`, {}, "OPERATION_RESOLUTION_FAILURE", 400],
      ["a wrong variable", "1", EVENTS, { id: {} }, "BAD_USER_INPUT", 400],
      ["a missing variable", "1", EVENTS, {}, "BAD_USER_INPUT", 400],
      ["a cursor that is none", "1", EVENTS, { id: "c1", after: "x" }, "BAD_USER_INPUT", 400],
      ["a topic that is hidden", "1", EVENTS, { id: "hidden" }, "NOT_FOUND", 404],
      ["what nests too deep", "1", deep(5), {}, "QUERY_TOO_COMPLEX", 400],
      ["what costs too much", "1", deep(2), {}, "QUERY_TOO_COMPLEX", 400],
      [
        "what has too many tokens",
        "1",
        `subscription { ${"a ".repeat(6_000)} }`,
        {},
        "GRAPHQL_PARSE_FAILED",
        400,
      ],
    ])(
      "refuses %s with a code, and the connection stays",
      async (_what, id, query, variables, code, status) => {
        const opened = await shared();
        const { received, subscribe } = await enter(opened);
        subscribe(id, query, variables);
        await until(() => received.length === 1);
        expect(received[0]).toMatchObject({ id, type: "error" });
        expect(codeIn(received[0]?.payload)).toMatchObject({ code, status });
        subscribe("after", EVENTS, { id: "c1", after: "0" });
        opened.feed.deliver("c1", message("m1"));
        await until(() => received.length >= 2);
        expect(received[1]).toMatchObject({ id: "after", type: "next" });
      },
    );

    it.each([
      ["one is named that is not there", EVENTS, "Other"],
      ["none is named of two", `${EVENTS} subscription B { other }`, ""],
      ["there is none", "fragment F on Query { hello }", undefined],
    ])("says that it is not known which operation is meant when %s", async (_what, query, operationName) => {
      const { received, send } = await enter(await shared());
      send({ id: "1", type: "subscribe", payload: { query, operationName, variables: { id: "c1" } } });
      await until(() => received.length === 1);
      expect(received[0]).toMatchObject({ id: "1", type: "error" });
      expect(codeIn(received[0]?.payload)).toEqual({ code: "OPERATION_RESOLUTION_FAILURE", status: 400 });
    });

    it("treats an empty operation name as none", async () => {
      const opened = await shared();
      const { received, send } = await enter(opened);
      const variables = { id: "c1", after: "0" };
      const query = EVENTS.replace("Events(", "NeverAskedBefore(");
      send({ id: "1", type: "subscribe", payload: { query, operationName: "", variables } });
      opened.feed.deliver("c1", message("m1"));
      await until(() => received.length >= 1);
      expect(received[0]).toMatchObject({ id: "1", type: "next" });
    });

    it("masks unexpected errors, and logs them under the request id that it sends", async () => {
      const opened = await startServer();
      const { received, subscribe } = await enter(opened);
      subscribe("1", EVENTS, { id: "broken" });
      await until(() => received.length === 1);
      expect(received[0]).toMatchObject({
        type: "error",
        payload: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }],
      });
      expect(JSON.stringify(received)).not.toContain("swordfish");
      const { requestId } = codeIn(received[0]?.payload) as unknown as { requestId: string };
      expect(opened.faults).toHaveLength(1);
      expect(JSON.parse(opened.faults[0] ?? "")).toMatchObject({
        reqId: requestId,
        err: { message: /swordfish/ },
      });
    });

    it("ends one subscription with a code when its viewer has lost access", async () => {
      const opened = await startServer();
      const { received, subscribe } = await enter(opened);
      subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
      opened.feed.end(accessEnded());
      await until(() => received.length === 1);
      expect(received[0]).toMatchObject({
        id: "1",
        type: "error",
        payload: [{ extensions: { code: "UNAUTHENTICATED" } }],
      });
      expect(opened.feed.subscribers.size).toBe(0);
      subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
    });

    it("bounds the subscriptions of a connection", async () => {
      const opened = await startServer({ maxSubscriptions: 2 });
      const { received, subscribe, send } = await enter(opened);
      for (const id of ["1", "2", "3"]) subscribe(id);
      await until(() => received.length === 1 && opened.feed.subscribers.size === 2);
      expect(received[0]).toMatchObject({
        id: "3",
        type: "error",
        payload: [{ extensions: { code: "RATE_LIMITED", limit: 2 } }],
      });
      send({ id: "1", type: "complete" });
      await until(() => opened.feed.subscribers.size === 1);
      subscribe("3");
      await until(() => opened.feed.subscribers.size === 2);
    });

    it("bounds the different subscriptions of a viewer, over all connections and streams", async () => {
      const opened = await startServer({ maxSubscriptions: 100 });
      const [first, second] = [await enter(opened), await enter(opened)];
      const text = (n: number) => EVENTS.replace("id body", `id a${n}: body`);
      for (let n = 0; n < 50; n++) (n % 2 === 0 ? first : second).subscribe(`${n}`, text(n));
      for (let n = 0; n < 50; n++) second.subscribe(`same${n}`, text(0));
      await until(() => opened.feed.subscribers.size === 100);
      second.subscribe("one more", text(50));
      await until(() => second.received.length === 1);
      expect(second.received[0]).toMatchObject({
        id: "one more",
        type: "error",
        payload: [{ extensions: { code: "RATE_LIMITED", status: 429 } }],
      });
      const listen = (token: string, signal?: AbortSignal) =>
        fetch(`${opened.url}/events?topic=conversation:c1`, {
          headers: { authorization: `Bearer ${token}` },
          ...(signal && { signal }),
        });
      expect((await listen("anna")).status).toBe(429);
      first.socket.close();
      await first.closed;
      await until(() => opened.feed.subscribers.size === 75);
      const ending = new AbortController();
      expect((await listen("anna", ending.signal)).status).toBe(200);
      ending.abort();
    });

    it("accepts the burst of a whole page, and closes a connection that floods it, which clients do not reopen", async () => {
      const opened = await startServer({ maxSubscriptions: 100 });
      const { subscribe, send, received, closed } = await enter(opened);
      for (const page of ["a", "b"]) {
        for (let number = 0; number < 100; number++) subscribe(`${page}${number}`);
        await until(() => opened.feed.subscribers.size === 100);
        for (let number = 0; number < 100; number++) send({ id: `${page}${number}`, type: "complete" });
        await until(() => opened.feed.subscribers.size === 0);
      }
      expect(received).toEqual([]);
      const flood = 20_000;
      for (let number = 0; number < flood; number++) subscribe(`f${number}`);
      expect(await closed).toMatchObject({ code: 1008, reason: expect.stringContaining("100 per second") });
      expect(received.length).toBeLessThan(flood / 4);
      expect(opened.feed.subscribers.size).toBe(0);
    });

    it("counts a long message as several", async () => {
      const { send, received, closed } = await enter(await shared());
      for (let number = 0; number < 30; number++)
        send({ type: "ping", payload: { text: "x".repeat(60_000) } });
      expect((await closed).code).toBe(1008);
      expect(received.length).toBeLessThan(20);
    });

    it.each(["ping", "pong"] as const)("closes a connection that floods it with %s frames", async (frame) => {
      const { socket, closed } = await enter(await shared());
      for (let number = 0; number < 5_000; number++) socket[frame]();
      expect((await closed).code).toBe(1008);
    });

    it("handles one message of a connection per turn, so that others are served in between", async () => {
      const order: string[] = [];
      const viewer = { kind: "user", id: "anna" } as const;
      const opened = await startServer({
        maxSubscriptions: 100,
        authenticate: async (token) => {
          order.push(token ?? "");
          setImmediate(() => order.push("turn"));
          return { viewer, key: "anna", share: "anna", endsAt: null };
        },
      });
      const { socket, subscribe } = await enter(opened);
      order.length = 0;
      // Corked, all of it arrives together.
      const { _socket: raw } = socket as unknown as { _socket: Socket };
      raw.cork();
      for (let number = 0; number < 50; number++) subscribe(`${number}`);
      raw.uncork();
      await until(() => opened.feed.subscribers.size === 50);
      const together =
        order
          .join(" ")
          .match(/anna( anna)*/g)
          ?.map((run) => run.split(" ").length) ?? [];
      expect(Math.max(...together)).toBeLessThanOrEqual(2);
    });

    it("opens two subscriptions of a company at a time, over however many connections", async () => {
      let active = 0;
      let most = 0;
      const viewer = { kind: "user", id: "anna" } as const;
      const opened = await startServer({
        maxSubscriptions: 100,
        authenticate: async () => {
          most = Math.max(most, ++active);
          await new Promise((resolve) => setImmediate(resolve));
          active--;
          return { viewer, key: "anna", share: "anna", endsAt: null };
        },
      });
      const connections = [
        await enter(opened),
        await enter(opened),
        await enter(opened),
        await enter(opened),
      ];
      most = 0;
      for (const { subscribe } of connections)
        for (let number = 0; number < 20; number++) subscribe(`${number}`);
      await until(() => opened.feed.subscribers.size === 80);
      expect(most).toBeLessThanOrEqual(2);
    });

    it("drops a subscription that is ended while it begins, also when its id is used again", async () => {
      const opened = await startServer();
      const { subscribe, send, socket, closed } = await enter(opened);
      for (let round = 0; round < 50; round++) {
        subscribe("1");
        send({ id: "1", type: "complete" });
      }
      subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
      socket.close();
      await closed;
      await until(() => opened.feed.subscribers.size === 0);
    });

    it("bounds the connections of a viewer, with a code that clients retry", async () => {
      const opened = await startServer({ connections: 2 });
      const first = await enter(opened);
      await enter(opened);
      const third = await dial(opened);
      third.send({ type: "connection_init", payload: { authorization: "Bearer anna" } });
      expect(await third.closed).toMatchObject({
        code: 1013,
        reason: expect.stringContaining("2 open connections"),
      });
      await enter(opened, "bert");
      first.socket.close();
      await first.closed;
      await enter(opened);
    });
  });

  describe("A connection to the gateway", () => {
    it("may send the token in a header of the upgrade request", async () => {
      const opened = await shared();
      const { received, send } = await dial(opened, undefined, { authorization: "Bearer anna" });
      send({ type: "connection_init" });
      await until(() => received.length === 1);
      expect(received[0]).toEqual({ type: "connection_ack" });
    });

    it.each<[what: string, messages: unknown[], code: number]>([
      ["no token", [{ type: "connection_init" }], 4401],
      [
        "a token that is not good",
        [{ type: "connection_init", payload: { authorization: "Bearer nobody" } }],
        4403,
      ],
      ["a subscription before anything", [{ id: "1", type: "subscribe", payload: { query: EVENTS } }], 4401],
      ["what is no JSON", ["{{{"], 4400],
      ["an unknown type", [{ type: "connection_terminate" }], 4400],
      ["a message of the server's", [{ id: "1", type: "next", payload: { data: null } }], 4400],
      ["a subscription without a query", [{ id: "1", type: "subscribe", payload: {} }], 4400],
      [
        "a second beginning",
        [{ type: "connection_init", payload: { authorization: "Bearer anna" } }, { type: "connection_init" }],
        4429,
      ],
      ["a message that is too large", [`"${"x".repeat(65 * 1024)}"`], 1009],
    ])("closes on %s", async (_what, messages, code) => {
      const { send, closed } = await dial(await shared());
      for (const each of messages) send(each);
      expect((await closed).code).toBe(code);
    });

    it.each([
      ["nests too deep", `${"[".repeat(20_000)}${"]".repeat(20_000)}`, /deeper than 32 levels/],
      ["contains too many values", JSON.stringify(Array(6_000).fill(0)), /more than 5000 values/],
    ])("closes on a message that %s before it is parsed, and logs no fault", async (_what, json, words) => {
      const opened = await startServer();
      const { send, received, closed } = await dial(opened);
      send(`{"type":"ping","payload":{"a":${json}}}`);
      expect(await closed).toEqual({ code: 4400, reason: expect.stringMatching(words) });
      expect(received).toEqual([]);
      expect(opened.faults).toEqual([]);
    });

    it("is closed for an id that is in use, for binary messages, and for another subprotocol", async () => {
      const opened = await shared();
      const { subscribe, closed } = await enter(opened);
      subscribe("1");
      subscribe("1");
      expect((await closed).code).toBe(4409);
      const binary = await dial(opened);
      binary.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
      expect((await binary.closed).code).toBe(4400);
      const other = await dial(opened, []);
      expect((await other.closed).code).toBe(4406);
    });

    it("is closed when it sends nothing", async () => {
      const { closed } = await dial(await startServer({ initTimeoutMs: 50 }));
      expect((await closed).code).toBe(4408);
    });

    it("is refused from a foreign origin, and on any other path", async () => {
      const opened = await shared();
      for (const origin of ["https://evil.example.com", "null"]) {
        const { send, closed, received } = await dial(opened, undefined, { origin });
        send({ type: "connection_init", payload: { authorization: "Bearer anna" } });
        expect(await closed).toEqual({ code: 1008, reason: expect.stringContaining("CORS_ORIGINS") });
        expect(received).toEqual([]);
      }
      expect(await refused(opened, "/elsewhere", {})).toMatchObject({ status: 400 });
      expect(await refused(opened, "/graphql", { "sec-websocket-version": "7" })).toMatchObject({
        status: 400,
      });
      expect(await refused(opened, "/graphql", { upgrade: "h2c" })).toMatchObject({
        status: expect.any(Number),
      });
      const own = `http://127.0.0.1:${opened.port}`;
      for (const origin of ["https://app.example.com", own]) {
        const { socket } = await dial(opened, undefined, { origin });
        expect(socket.readyState).toBe(WebSocket.OPEN);
      }
      expect(await (await fetch(`${opened.url}/graphql`)).json()).toEqual({ page: true });
    });

    it("may send a thousand invalid messages and broken frames, of which nothing is kept", async () => {
      const opened = await shared();
      const before = opened.feed.subscribers.size;
      for (let round = 0; round < 20; round++) {
        const { subscribe, socket, closed } = await enter(opened);
        subscribe("1");
        for (let number = 0; number < 50; number++) socket.send(garbage(number + round));
        await closed;
      }
      for (const frame of [
        [0x83, 0xff],
        [0xff, 0xff, 0xff],
        [0x81, 0xfe, 0xff, 0xff],
        [0x81, 0x7f, 0xff],
        [0x88, 0x81, 1, 2, 3, 4, 5],
      ]) {
        const { socket, closed } = await enter(opened);
        (socket as unknown as { _socket: Socket })._socket.write(Buffer.from(frame));
        (socket as unknown as { _socket: Socket })._socket.end();
        await closed;
      }
      await until(() => opened.feed.subscribers.size === before);
      await enter(opened);
      expect(opened.faults).toEqual([]);
    });
  });

  describe("A websocket", () => {
    it("is closed when its token expires, and its client resumes after its last cursor with a new one", async () => {
      const opened = await startServer();
      const end = new Date(Date.now() + HOUR_MS);
      opened.guests.set("short", end);
      const tokens = ["short", "anna"];
      const closings: Closing[] = [];
      const made = client(opened, {
        connectionParams: () => ({ authorization: `Bearer ${tokens.shift()}` }),
        on: { closed: (event) => closings.push(event as Closing) },
      });
      const got: string[] = [];
      const variables = { id: "c1", after: "0" };
      made.subscribe<{ conversationEvents: { cursor: string } }>(
        { query: EVENTS, variables },
        {
          next({ data }) {
            // What graphql-ws sends again when it has connected anew.
            variables.after = data?.conversationEvents.cursor ?? "";
            got.push(variables.after);
          },
          error: (error) => unhandled.push(error),
          complete: () => {},
        },
      );
      await until(() => opened.feed.subscribers.size === 1);
      opened.feed.deliver("c1", message("m1"));
      await until(() => got.length === 1);
      end.setTime(Date.now());
      // The client may be back before anybody sees that it was away.
      await until(() => closings.length === 1);
      opened.feed.deliver("c1", message("m2"));
      await until(() => opened.feed.subscribers.size === 1);
      opened.feed.deliver("c1", message("m3"));
      await until(() => got.length === 3);
      expect(got).toEqual(["1", "2", "3"]);
      expect(closings).toMatchObject([{ code: 4403, reason: expect.stringContaining("expired") }]);
    });

    it("sends its client to another server when the feed ends", async () => {
      const opened = await startServer();
      const { subscribe, closed, received } = await enter(opened);
      subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
      opened.feed.end();
      expect((await closed).code).toBe(1012);
      expect(received).toEqual([]);
    });

    it("ends with its token, with a code that clients retry", async () => {
      const opened = await startServer();
      const end = new Date(Date.now() + HOUR_MS);
      opened.guests.set("dora", end);
      const { subscribe, closed } = await enter(opened, "dora");
      subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
      end.setTime(Date.now());
      expect(await closed).toMatchObject({ code: 4403, reason: expect.stringContaining("expired") });
      expect(opened.feed.subscribers.size).toBe(0);
    });

    it("refuses new subscriptions when the session has ended", async () => {
      const opened = await startServer();
      const { subscribe, closed } = await enter(opened);
      opened.guests.delete("anna");
      subscribe("1");
      expect((await closed).code).toBe(4403);
    });

    it("does not delay a restart: the server closes it at once, with a code that clients retry", async () => {
      const opened = await startServer();
      const { subscribe, closed } = await enter(opened);
      subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
      await opened.app.close();
      expect((await closed).code).toBe(1012);
      expect(opened.feed.subscribers.size).toBe(0);
    });

    it("answers pings, and is terminated when its peer does not", async () => {
      const opened = await startServer({ heartbeatMs: 500 });
      const lively = await enter(opened);
      lively.send({ type: "ping", payload: { a: 1 } });
      await until(() => lively.received.length === 1);
      expect(lively.received[0]).toEqual({ type: "pong", payload: { a: 1 } });
      const dead = await enter(opened);
      dead.subscribe("1");
      await until(() => opened.feed.subscribers.size === 1);
      (dead.socket as unknown as { _socket: Socket })._socket.pause();
      await until(() => opened.feed.subscribers.size === 0);
      expect(lively.socket.readyState).toBe(WebSocket.OPEN);
    });

    it("is cut off with 1013 when it does not read, while others go on receiving", async () => {
      const opened = await startServer({ readTimeoutMs: 1_000 });
      const lively = await enter(opened);
      lively.subscribe("1");
      const slow = await enter(opened);
      slow.subscribe("1");
      await until(() => opened.feed.subscribers.size === 2);
      const raw = (slow.socket as unknown as { _socket: Socket })._socket;
      raw.pause();
      const body = "x".repeat(256 * 1024);
      let number = 0;
      while (opened.feed.subscribers.size === 2) {
        opened.feed.deliver("c1", message(`m${++number}`, body));
        await until(() => lively.received.length === number);
      }
      raw.resume();
      expect(await slow.closed).toMatchObject({ code: 1013, reason: expect.stringContaining("resume") });
      opened.feed.deliver("c1", message("last"));
      await until(() => lively.received.length === number + 1);
      expect(slow.received.length).toBeLessThan(number);
    });

    it("has its unsent bytes bounded, together with those of all others", async () => {
      const opened = await startServer({ readTimeoutMs: 60_000, unreadBytes: 512 * 1024 });
      const lively = await enter(opened);
      lively.subscribe("a");
      const deaf = await Promise.all(Array.from({ length: 8 }, () => enter(opened)));
      for (const { subscribe } of deaf) subscribe("a");
      await until(() => opened.feed.subscribers.size === 9);
      for (const { socket } of deaf) socket.pause();
      let number = 0;
      while (opened.feed.subscribers.size > 5) {
        opened.feed.deliver("c1", message(`m${++number}`, "x".repeat(100 * 1024)));
        await until(() => lively.received.length === number);
        expect(opened.unread.held).toBeLessThanOrEqual(512 * 1024);
      }
      opened.feed.deliver("c1", message("last"));
      await until(() => lively.received.length === number + 1);
    });

    it("is terminated when a client that never reads does not close either", async () => {
      const opened = await startServer({ readTimeoutMs: 100 });
      const socket = connect(opened.port, "127.0.0.1");
      closers.push(() => socket.destroy());
      socket.on("error", () => {});
      socket.write(
        `GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
      );
      await once(socket, "data");
      socket.write(frame({ type: "connection_init", payload: { authorization: "Bearer anna" } }));
      await once(socket, "data");
      socket.pause();
      socket.write(
        frame({ id: "1", type: "subscribe", payload: { query: EVENTS, variables: { id: "c1" } } }),
      );
      await until(() => opened.feed.subscribers.size === 1);
      while (opened.feed.subscribers.size === 1) {
        opened.feed.deliver("c1", message("m", "x".repeat(256 * 1024)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      while ((await connectionsOf(opened)) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
  });
});
