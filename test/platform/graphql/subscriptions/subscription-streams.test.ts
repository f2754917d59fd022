import { once } from "node:events";
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { createClient } from "graphql-sse";
import { WebSocket } from "ws";
import { subscriptionProtocol } from "../../../../src/platform/graphql/subscriptions/subscription-protocols.js";
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

const ANNA = { authorization: "Bearer anna" };
const EVENT_STREAM = "text/event-stream";
const MULTIPART = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";

interface Following {
  readonly results: { data?: unknown; errors?: readonly { extensions?: { code?: unknown } }[] }[];
  readonly ended: () => "completed" | Error | null;
  stop(): void;
}

/** Subscribes with the library graphql-sse. */
function bySse(opened: RealtimeServer, { id = "c1", headers = ANNA, retryAttempts = 0 } = {}): Following {
  const client = createClient({
    url: `${opened.url}/graphql`,
    headers,
    retryAttempts,
    retry: async () => {},
  });
  const results: Following["results"] = [];
  let ended: "completed" | Error | null = null;
  const variables: Record<string, unknown> = { id };
  const stop = client.subscribe<{ conversationEvents: { cursor: string } }>(
    { query: EVENTS, variables },
    {
      next(result) {
        results.push(result as Following["results"][number]);
        // As each client of ours has to: it comes back behind what it has.
        if (result.data) variables.after = result.data.conversationEvents.cursor;
      },
      error: (error) => {
        ended = error as Error;
      },
      complete: () => {
        ended = "completed";
      },
    },
  );
  closers.push(stop);
  return { results, ended: () => ended, stop };
}

/** Subscribes with Apollo Client over nothing but its `HttpLink`. */
function byApollo(opened: RealtimeServer, { id = "c1", headers = ANNA } = {}): Following {
  const client = new ApolloClient({
    cache: new InMemoryCache({ possibleTypes: { ConversationEvent: ["MessageAdded", "MessagePurged"] } }),
    link: new HttpLink({ uri: `${opened.url}/graphql`, headers }),
  });
  const results: Following["results"] = [];
  let ended: "completed" | Error | null = null;
  const subscription = client.subscribe({ query: gql(EVENTS), variables: { id } }).subscribe({
    next({ data, error }) {
      if (!error || CombinedGraphQLErrors.is(error))
        results.push({ data, ...(error && { errors: error.errors }) });
      else ended = error;
    },
    complete() {
      ended ??= "completed";
    },
  });
  closers.push(() => subscription.unsubscribe());
  return { results, ended: () => ended, stop: () => subscription.unsubscribe() };
}

const idsIn = ({ results }: Following) =>
  results.map(({ data }) => {
    const { conversationEvents } = data as {
      conversationEvents: { cursor: string; event: { message: { id: string } } };
    };
    return [conversationEvents.cursor, conversationEvents.event.message.id];
  });

const ask = (opened: RealtimeServer, accept: string, body: unknown, headers: Record<string, string> = ANNA) =>
  fetch(`${opened.url}/graphql`, {
    method: "POST",
    headers: { accept, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

describe("subscription streams", () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  afterAll(() => expect(unhandled).toEqual([]));

  describe.each([
    ["graphql-sse", bySse],
    ["Apollo Client's HttpLink", byApollo],
  ])("subscriptions by %s", (_name, follow) => {
    it("receive what happens, in order, until the client ends them", async () => {
      const opened = await startServer();
      const following = follow(opened);
      await until(() => opened.feed.subscribers.size === 1);
      opened.feed.deliver("c1", message("m1", "two\nlines"));
      opened.feed.deliver("c1", message("m2"));
      await until(() => following.results.length === 2);
      expect(idsIn(following)).toEqual([
        ["1", "m1"],
        ["2", "m2"],
      ]);
      following.stop();
      await until(() => opened.feed.subscribers.size === 0);
    });

    it("receive the reason why they cannot begin, and end", async () => {
      const opened = await startServer();
      const following = follow(opened, { id: "hidden" });
      await until(() => following.ended() !== null);
      expect(following.ended()).toBe("completed");
      expect(following.results).toMatchObject([
        { errors: [{ extensions: { code: "NOT_FOUND", status: 404 } }] },
      ]);
    });

    it("receive the reason why they end, after what was pending", async () => {
      const opened = await startServer();
      const following = follow(opened);
      await until(() => opened.feed.subscribers.size === 1);
      opened.feed.deliver("c1", message("m1"));
      opened.feed.end(accessEnded());
      await until(() => following.ended() !== null);
      expect(following.ended()).toBe("completed");
      expect(following.results).toHaveLength(2);
      expect(following.results[1]).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
    });

    it("send heartbeats, which clients ignore", async () => {
      const opened = await startServer({ heartbeatMs: 30 });
      const following = follow(opened);
      // Another stream, opened later, shows when signs of life have been sent.
      const other = await ask(opened, EVENT_STREAM, { query: EVENTS, variables: { id: "c1" } });
      const reader = other.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (text.split(":\n\n").length < 4) text += (await reader.read()).value ?? "";
      await reader.cancel();
      opened.feed.deliver("c1", message("m1"));
      await until(() => following.results.length === 1);
      expect(idsIn(following)).toEqual([["1", "m1"]]);
    });

    it("end without `complete` when the server closes, after which clients reconnect", async () => {
      const opened = await startServer();
      const following = follow(opened);
      await until(() => opened.feed.subscribers.size === 1);
      await opened.app.close();
      await until(() => following.ended() !== null);
      expect(following.ended()).toBeInstanceOf(Error);
      expect(following.results).toEqual([]);
    });

    it("need a token", async () => {
      const opened = await startServer();
      const following = follow(opened, { headers: { authorization: "Bearer nobody" } });
      await until(() => following.ended() !== null);
      const received = JSON.stringify([following.results, String(following.ended())]);
      expect(received).toMatch(/401|UNAUTHENTICATED/);
    });
  });

  it("lets graphql-sse come back behind the last event that it has", async () => {
    const opened = await startServer();
    const end = new Date(Date.now() + 3_600_000);
    opened.guests.set("dora", end);
    const following = bySse(opened, { headers: { authorization: "Bearer dora" }, retryAttempts: 50 });
    await until(() => opened.feed.subscribers.size === 1);
    opened.feed.deliver("c1", message("m1"));
    await until(() => following.results.length === 1);
    end.setTime(Date.now());
    await until(() => opened.feed.subscribers.size === 0);
    opened.feed.deliver("c1", message("m2"));
    end.setTime(Date.now() + 3_600_000);
    await until(() => following.results.length === 2);
    expect(idsIn(following)).toEqual([
      ["1", "m1"],
      ["2", "m2"],
    ]);
  });

  describe("a stream of GraphQL", () => {
    it("is what graphql-sse and Apollo say of it, to the byte", async () => {
      const opened = await startServer();
      const read = async (accept: string, count: number) => {
        const response = await ask(opened, accept, { query: EVENTS, variables: { id: "c1", after: "0" } });
        const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        while (text.length < count) text += (await reader.read()).value ?? "";
        await reader.cancel();
        return { text, headers: response.headers };
      };
      opened.feed.deliver("c1", message("m1"));
      const event =
        '{"data":{"conversationEvents":{"cursor":"1","event":{"__typename":"MessageAdded","message":{"id":"m1","body":"text of m1"}}}}}';
      const stream = await read(EVENT_STREAM, event.length + 20);
      expect(stream.text).toBe(`retry: 1000\n\nevent: next\ndata: ${event}\n\n`);
      expect(Object.fromEntries(stream.headers)).toMatchObject({
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      const parts = await read(MULTIPART, event.length + 20);
      expect(parts.headers.get("content-type")).toBe(
        'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
      );
      expect(parts.text).toBe(
        `\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{"payload":${event}}\r\n--graphql`,
      );
    });

    it("ends with `complete`, or the last boundary, behind a refusal", async () => {
      const opened = await startServer();
      const text = async (accept: string) => (await ask(opened, accept, { query: "{ __typename }" })).text();
      expect(await text(EVENT_STREAM)).toMatch(
        /^retry: 1000\n\nevent: next\ndata: \{"errors":.*\}\n\nevent: complete\ndata: \n\n$/,
      );
      expect(await text(MULTIPART)).toMatch(
        /^\r\n--graphql\r\ncontent-type: application\/json\r\n\r\n\{"payload":\{"errors":.*\}\}\r\n--graphql--\r\n$/,
      );
    });

    it("may be asked for with GET", async () => {
      const opened = await startServer();
      const variables = JSON.stringify({ id: "hidden" });
      const query = new URLSearchParams({ query: EVENTS, variables });
      const headers = { ...ANNA, accept: EVENT_STREAM };
      const response = await fetch(`${opened.url}/graphql?${query}`, { headers });
      expect(await response.text()).toContain('"code":"NOT_FOUND"');
      const bent = await fetch(`${opened.url}/graphql?query=x&variables={`, { headers });
      expect(bent.status).toBe(400);
    });

    it.each([
      [[]],
      [null],
      ["x"],
      [{}],
      [{ query: 1 }],
      [{ query: EVENTS, variables: [] }],
      [{ query: EVENTS, operationName: 1 }],
    ])("is not begun for %j", async (body) => {
      const opened = await startServer();
      const response = await ask(opened, EVENT_STREAM, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
      expect(opened.faults).toEqual([]);
    });

    it("takes a place among the viewer's connections", async () => {
      const opened = await startServer({ connections: 1 });
      const following = bySse(opened);
      await until(() => opened.feed.subscribers.size === 1);
      const refused = await ask(opened, MULTIPART, { query: EVENTS, variables: { id: "c1" } });
      expect(refused.status).toBe(429);
      following.stop();
      await until(() => opened.feed.subscribers.size === 0);
      const again = await ask(opened, MULTIPART, { query: EVENTS, variables: { id: "c1" } });
      expect(again.status).toBe(200);
      await again.body?.cancel();
    });
  });

  describe("the protocol that a client asks for", () => {
    const named = (accept: string | undefined) => {
      const type = subscriptionProtocol(accept)?.framing.contentType;
      return type === undefined ? "in one piece" : type.split(";")[0];
    };
    it.each([
      [undefined, "in one piece"],
      ["*/*", "in one piece"],
      ["application/json", "in one piece"],
      [
        "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
        "in one piece",
      ],
      ["multipart/mixed;deferSpec=20220824,application/json", "in one piece"],
      ["multipart/mixed", "in one piece"],
      ["application/json, text/event-stream;q=0.5", "in one piece"],
      ["text/event-stream;q=0, application/json", "in one piece"],
      ["text/event-stream", "text/event-stream"],
      ["text/event-stream, multipart/mixed", "text/event-stream"],
      ["text/html;q=0.1, Text/Event-Stream", "text/event-stream"],
      ["application/json;q=0.9, text/event-stream", "text/event-stream"],
      ['multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json', "multipart/mixed"],
      [
        "multipart/mixed;subscriptionSpec=1.0, application/graphql-response+json, application/json",
        "multipart/mixed",
      ],
      ['multipart/mixed; subscriptionSpec="1.0"', "multipart/mixed"],
    ])("is for %s: %s", (accept, expected) => expect(named(accept)).toBe(expected));
  });

  describe("the legacy subprotocol", () => {
    async function dial({ port }: RealtimeServer) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-ws");
      closers.push(() => socket.terminate());
      const received: unknown[] = [];
      socket.on("message", (data) => received.push(JSON.parse(String(data))));
      const closed = once(socket, "close").then(([code, reason]) => [code, String(reason)]);
      await once(socket, "open");
      return { socket, received, closed };
    }

    it("is refused in its own words: the connection, and each operation", async () => {
      const { socket, received, closed } = await dial(await startServer());
      expect(socket.protocol).toBe("graphql-ws");
      socket.send('{"type":"connection_init","payload":{}}');
      socket.send('{"id":"1","type":"start","payload":{"query":"subscription { x }"}}');
      const payload = { message: expect.stringContaining("graphql-transport-ws") };
      expect(await closed).toEqual([4406, "Use the subprotocol graphql-transport-ws"]);
      expect(received).toEqual([
        { type: "connection_error", payload },
        { id: "1", type: "error", payload },
      ]);
    });

    it("is closed at once for what is none of its messages, or too many", async () => {
      const opened = await startServer();
      const bent = await dial(opened);
      bent.socket.send("{");
      expect((await bent.closed)[0]).toBe(4406);
      const many = await dial(opened);
      for (let n = 0; n < 200; n++) many.socket.send(`{"id":"${n}","type":"start"}`);
      expect((await many.closed)[0]).toBe(1006);
    });

    it("does not hold up a server that closes", async () => {
      const opened = await startServer();
      const { closed } = await dial(opened);
      await opened.app.close();
      expect((await closed)[0]).toBe(1006);
    });
  });
});
