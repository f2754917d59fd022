import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { WebSocket } from "ws";
import { createHttp } from "../../../src/app/server/http.js";
import { tokenEnd } from "../../../src/modules/identity/sessions/access-token.js";
import { readConfig } from "../../../src/platform/config/config.js";
import { bearer } from "../../support/test-client.js";
import type { SignedIn, TestServer } from "../../support/test-server.js";
import { startTestServer } from "../../support/test-server.js";

let server: TestServer;
let http: FastifyInstance;
let port: number;
let agent: SignedIn;

/** What the server answers to who says this at its beginning: its first message, or why it closes. */
async function introduce(payload: object): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws");
  try {
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload }));
    return await Promise.race([
      once(socket, "message").then(([data]) => JSON.parse(String(data)).type),
      once(socket, "close").then(([code]) => code),
    ]);
  } finally {
    socket.terminate();
  }
}

describe("The realtime endpoints", () => {
  beforeAll(async () => {
    server = await startTestServer();
    const { services, database } = server;
    agent = await server.signInAs("admin@filedesk.test");
    http = await createHttp({
      config: readConfig({ NODE_ENV: "test", CONNECTIONS_PER_VIEWER: "2" }),
      services,
      database,
      log: pino({ level: "silent" }),
      feed: { subscribe: () => Promise.reject(new Error("nothing is followed here")) },
    });
    await http.listen({ port: 0, host: "127.0.0.1" });
    port = (http.server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await http?.close();
    await server?.close();
  });

  it("accept signed-in viewers, by the same token as HTTP requests", async () => {
    expect(await introduce({ authorization: `Bearer ${agent.token}` })).toBe("connection_ack");
    expect(await introduce({ Authorization: `bearer ${agent.token}` })).toBe("connection_ack");
    expect(await introduce({ authorization: `Bearer ${agent.token.slice(0, -2)}` })).toBe(4403);
    expect(await introduce({})).toBe(4401);
  });

  it("know when a token ends", () => {
    const left = (tokenEnd(agent.token)?.getTime() ?? 0) - Date.now();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(15 * 60_000);
    expect(tokenEnd("opaque")).toBeNull();
  });

  it("require credentials for the event streams as well", async () => {
    const topic = `http://127.0.0.1:${port}/events?topic=nothing:1`;
    expect((await fetch(topic)).status).toBe(401);
    expect((await fetch(topic, { headers: bearer(agent.token) })).status).toBe(404);
    const query = server.services.signer.signQuery("events/nothing:1", agent.id);
    expect((await fetch(`${topic}&${query}`)).status).toBe(404);
    expect((await fetch(`${topic.replace(":1?", ":2?")}&${query.replace(/.$/, "")}`)).status).toBe(403);
  });

  it("answer a subscription with a stream where its `Accept` header prefers one, and nothing else", async () => {
    const ask = (accept: string, query: string) =>
      fetch(`http://127.0.0.1:${port}/graphql`, {
        method: "POST",
        headers: { ...bearer(agent.token), accept, "content-type": "application/json" },
        body: JSON.stringify({ query }),
      });
    const subscription = `subscription { ticketEvents(ticketId: "${agent.id}") { cursor } }`;
    const urql = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
    for (const accept of ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"]) {
      const answer = await ask(accept, subscription);
      expect(answer.headers.get("content-type")).toContain(accept.split(";")[0]);
      expect(await answer.text()).toContain('"code":"INTERNAL_SERVER_ERROR"');
      expect(await (await ask(accept, "{ __typename }")).text()).toContain(
        "Only subscriptions are accepted here",
      );
    }
    expect(await (await ask(urql, "{ __typename }")).json()).toEqual({ data: { __typename: "Query" } });
    const refused = await ask(urql, subscription);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("Accept: text/event-stream");
  });
});
