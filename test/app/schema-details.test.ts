import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { bearer } from "../support/test-client.js";
import type { SignedIn, TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;
let agent: SignedIn;

/** Each is one letter away from what there is. */
const NEARLY: Readonly<Record<string, { query: string; variables?: object }>> = {
  "a field": { query: "{ ticketz { nodes { id } } }" },
  "a field below": { query: "{ tickets { nodes { subjec } } }" },
  "a mutation": { query: "mutation { signOu }" },
  "an argument": { query: "{ tickets(firs: 1) { nodes { id } } }" },
  "an argument of a directive": { query: "{ viewer { id @include(iff: true) } }" },
  "a directive": { query: "{ viewer { id @includ(if: true) } }" },
  "a fragment": { query: "{ viewer { ...Par } } fragment Part on Viewer { id }" },
  "a type of a fragment": { query: "{ viewer { ... on Viewe { id } } }" },
  "a type of a variable": { query: "query ($a: TicketFiltr) { tickets(filter: $a) { nodes { id } } }" },
  "a field of a literal": { query: "{ tickets(filter: { statuz: OPEN }) { nodes { id } } }" },
  "a value of an enum": { query: "{ tickets(filter: { status: [OPE] }) { nodes { id } } }" },
  "a value of an enum, as a string": { query: '{ tickets(filter: { status: ["OPEN"] }) { nodes { id } } }' },
  "a default of a variable": {
    query: "query ($a: TicketFilter = { statuz: OPEN }) { tickets(filter: $a) { nodes { id } } }",
  },
  "a field of a variable": {
    query: "query ($a: TicketFilter) { tickets(filter: $a) { nodes { id } } }",
    variables: { a: { statuz: ["OPEN"] } },
  },
  "a value of a variable": {
    query: "query ($a: TicketFilter) { tickets(filter: $a) { nodes { id } } }",
    variables: { a: { status: ["OPE"] } },
  },
  "a field of an object behind a union": { query: "{ viewer { user { ... on Use { id } naem } } }" },
  "the schema": { query: "{ __schema { types { name } } }" },
  "a type": { query: '{ __type(name: "Ticket") { name } }' },
};

const SUBSCRIBED: Readonly<Record<string, { query: string; variables?: Record<string, unknown> }>> = {
  "a field": { query: 'subscription { ticketEvent(ticketId: "a") { cursor } }' },
  "an argument": { query: 'subscription { ticketEvents(ticketI: "a") { cursor } }' },
  "a field below": { query: 'subscription { ticketEvents(ticketId: "a") { curso } }' },
  "a type of a variable": { query: "subscription ($id: IDD!) { ticketEvents(ticketId: $id) { cursor } }" },
  "a variable": {
    query: "subscription ($id: ID!) { ticketEvents(ticketId: $id) { cursor } }",
    variables: { id: { ticketId: "a" } },
  },
  "the schema": {
    query: 'subscription { ticketEvents(ticketId: "a") { cursor __schema { types { name } } } }',
  },
};

async function post(body: object, accept = "application/json"): Promise<string> {
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...bearer(agent.token) },
    body: JSON.stringify(body),
  });
  return response.text();
}

describe("without introspection, as in production", () => {
  beforeAll(async () => {
    server = await startTestServer({ env: { INTROSPECTION: "false" } });
    agent = await server.signInAs("agent@acme.test");
  });
  afterAll(() => server?.close());

  it.each(Object.entries(NEARLY))("an error suggests nothing for %s", async (_what, request) => {
    const text = await post(request);
    expect(text).toContain('"errors"');
    expect(text).not.toMatch(/did you mean|"kind"|stack/i);
  });

  it.each(Object.entries(SUBSCRIBED))(
    "nor for %s of a subscription, over any transport",
    async (_what, request) => {
      for (const accept of ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"]) {
        const text = await post(request, accept);
        expect(text).toContain('"errors"');
        expect(text).not.toMatch(/did you mean/i);
      }
      const socket = createClient({
        url: `${server.url.replace("http", "ws")}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: bearer(agent.token),
      });
      const told = await new Promise((resolve) => {
        socket.subscribe(request, { next: resolve, error: resolve, complete: () => resolve("completed") });
      });
      await socket.dispose();
      expect(told).toEqual(
        expect.arrayContaining([expect.objectContaining({ message: expect.any(String) })]),
      );
      expect(JSON.stringify(told)).not.toMatch(/did you mean/i);
    },
  );
});
