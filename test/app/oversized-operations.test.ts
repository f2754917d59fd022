import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { DOCUMENT_LIMITS } from "../../src/platform/graphql/documents/read-document.js";
import type { GraphQLFailure } from "../support/test-client.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;
const tokens: Record<string, string | undefined> = { nobody: undefined };

async function joinAsGuest(agent: string): Promise<string> {
  const ask = async <Data>(query: string, variables: object): Promise<Data> => {
    const { data, errors } = await server.gql<Data>(query, variables as Record<string, unknown>, agent);
    if (!data) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { companies } = await ask<{ companies: { nodes: { id: string }[] } }>(
    "{ companies { nodes { id } } }",
    {},
  );
  const { startConversation } = await ask<{ startConversation: { id: string } }>(
    "mutation ($id: ID!) { startConversation(input: { companyId: $id }) { id } }",
    { id: companies.nodes[0]?.id },
  );
  const { inviteGuest } = await ask<{ inviteGuest: { token: string } }>(
    'mutation ($id: ID!) { inviteGuest(input: { conversationId: $id, displayName: "Room 204" }) { token } }',
    { id: startConversation.id },
  );
  const { joinAsGuest: joined } = await ask<{ joinAsGuest: { accessToken: string } }>(
    "mutation ($token: String!) { joinAsGuest(token: $token) { accessToken } }",
    { token: inviteGuest.token },
  );
  return joined.accessToken;
}

interface Answer {
  readonly code: string;
  /** Of the whole answer, in bytes. */
  readonly size: number;
  readonly text: string;
}

type Sent = readonly [document: string, variables?: Record<string, unknown> | undefined];

async function byHttp([query, variables]: Sent, token?: string): Promise<Answer> {
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer(token) },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  const { errors } = JSON.parse(text) as { errors?: GraphQLFailure[] };
  expect(response.status).toBe(errors?.[0]?.extensions.status);
  return { code: codeIn({ errors: errors ?? [] }), size: text.length, text };
}

async function byWebSocket([query, variables]: Sent, token?: string): Promise<Answer> {
  const client = createClient({
    url: `${server.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: bearer(token),
  });
  try {
    const errors = await new Promise<readonly GraphQLFailure[]>((resolve, reject) => {
      client.subscribe(
        { query, ...(variables && { variables }) },
        {
          next: (event) => reject(new Error(JSON.stringify(event))),
          complete: () => reject(new Error("it was taken")),
          error: (error) => (Array.isArray(error) ? resolve(error as GraphQLFailure[]) : reject(error)),
        },
      );
    });
    const text = JSON.stringify(errors);
    return { code: codeIn({ errors }), size: text.length, text };
  } finally {
    await client.dispose();
  }
}

const chain = (type: string, leaf: string, length = 40) =>
  Array.from(
    { length },
    (_, n) => `fragment f${n} on ${type} { ${n === length - 1 ? leaf : `...f${n + 1} ...f${n + 1}`} }`,
  ).join("\n");
const times = <Item>(count: number, item: (n: number) => Item): Item[] =>
  Array.from({ length: count }, (_, n) => item(n));

/** A query and a subscription, of which each has the same in it. */
interface Asked {
  readonly root: string;
  readonly type: string;
  readonly object: string;
  readonly list: string;
}
const QUERY: Asked = {
  root: "query",
  type: "Ticket",
  object: 'ticket(id: "0190a000-0000-7000-8000-000000000000")',
  list: "tickets(filter: { status: LIST }) { totalCount }",
};
const SUBSCRIPTION: Asked = {
  root: "subscription",
  type: "ConversationEventEdge",
  object: 'conversationEvents(conversationId: "0190a000-0000-7000-8000-000000000000")',
  list: "conversationEvents(conversationId: LIST) { cursor }",
};

const deep = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);

const documents: Record<string, (asked: Asked) => string> = {
  "fragments that double, left out by a condition": ({ root, type, object }) =>
    `${root} { ${object} { __typename ... on ${type} @include(if: false) { ...f0 } } } ${chain(type, "__typename")}`,
  "fragments that double": ({ root, type, object }) =>
    `${root} { ${object} { ...f0 } } ${chain(type, "__typename")}`,
  "fragments that double, spread nowhere": ({ root, type, object }) =>
    `${root} { ${object} { __typename } } ${chain(type, "__typename")}`,
  "fragments in one another in a long chain": ({ root, type, object }) =>
    `${root} { ${object} { ...f0 } } ${times(500, (n) => `fragment f${n} on ${type} { __typename ...f${n + 1} }`).join(" ")} fragment f500 on ${type} { __typename }`,
  "selection sets in one another": ({ root, object }) => `${root} { ${object} ${deep(1_600, "{ a ", "}")} }`,
  "inline fragments in one another": ({ root, object }) =>
    `${root} { ${object} { ${deep(1_600, "... { ", "}").replace("}", "__typename }")} } }`,
  "lists in one another": ({ root, list }) => `${root} { ${list.replace("LIST", deep(2_000, "[", "]"))} }`,
  "objects in one another": ({ root, list }) =>
    `${root} { ${list.replace("LIST", `${"{ a: ".repeat(1_600)}1${"}".repeat(1_600)}`)} }`,
  "list types in one another": ({ root, object }) =>
    `${root} ($a: ${"[".repeat(2_000)}ID${"]".repeat(2_000)}) { ${object} { __typename } }`,
  "brackets that nobody closes": ({ root }) => `${root} ${"{ a ".repeat(2_400)}`,
  "a thousand aliases": ({ root, object }) =>
    `${root} { ${object} { ${times(1_000, (n) => `a${n}: __typename`).join(" ")} } }`,
  "more aliases than there may be of a field, in several objects": ({ root, type, object }) =>
    `${root} { ${object} { ${times(60, (n) => `... on ${type} { a${n}: __typename }`).join(" ")} } }`,
  "more fields than there may be": ({ root, object }) =>
    `${root} { ${object} { ${"__typename ".repeat(2_100)} } }`,
  "the same field again and again": ({ root, object }) => `${root} { ${object} { ${"a ".repeat(380)} } }`,
  "the same field again and again, with long arguments": ({ root, object }) =>
    `${root} { ${object} { ${`a(b: "${"x".repeat(500)}") `.repeat(60)} } }`,
  "the same fields in selection sets that are one": ({ root, object }) =>
    `${root} { ${object} { ${`a { ${"b ".repeat(40)} } `.repeat(40)} } }`,
  "the same fields by many fragments": ({ root, object, type }) =>
    `${root} { ${object} { ${times(40, (n) => `...f${n}`).join(" ")} } } ${times(40, (n) => `fragment f${n} on ${type} { ${times(20, (m) => `b${m}`).join(" ")} }`).join(" ")}`,
  "many fragments with different fields": ({ root, object, type }) =>
    `${root} { ${object} { ${times(199, (n) => `...f${n}`).join(" ")} } } ${times(199, (n) => `fragment f${n} on ${type} { ${times(8, (m) => `b${n}_${m}`).join(" ")} }`).join(" ")}`,
  "many fragments that are not there": ({ root, object }) =>
    `${root} { ${object} { ${times(2_000, (n) => `...f${n}`).join(" ")} } }`,
  "many fragments in selection sets that are one": ({ root, object }) =>
    `${root} { ${object} { ${`a { ${times(20, (n) => `...f${n}`).join(" ")} } `.repeat(20)} } }`,
  "many operations that use many variables": ({ root, object, type }) =>
    `${times(150, (n) => `${root} Q${n}($v: ID) { ${object} { ...f } }`).join(" ")} fragment f on ${type} { a(b: [${"$v ".repeat(700)}]) }`,
  "a very long name": ({ root, object }) => `${root} { ${object} { ${"a".repeat(2_000)}: __typename } }`,
};

/** Variables in one another, each in a list. */
const nestedList = (levels: number) => JSON.parse(deep(levels, "[", "]")) as unknown;

describe("oversized operations", () => {
  beforeAll(async () => {
    server = await startTestServer({ env: { NODE_ENV: "production", EMBEDDED_SECRETS: "true" } });
    const agent = await server.signInAs("agent@acme.test");
    tokens.customer = (await server.signInAs("customer@acme.test")).token;
    tokens.guest = await joinAsGuest(agent.token);
  });

  afterAll(() => server?.close());

  describe.each([
    ["over HTTP by nobody", QUERY, "nobody", byHttp],
    ["over HTTP by a customer", QUERY, "customer", byHttp],
    ["over a websocket by a guest", SUBSCRIPTION, "guest", byWebSocket],
    ["over a websocket by a customer", SUBSCRIPTION, "customer", byWebSocket],
  ] as const)("a document %s", (_how, asked, who, send) => {
    it.each(Object.keys(documents))("with %s is refused before it is validated", async (what) => {
      const document = documents[what]!(asked);
      // What is compiled, is compiled when it comes again.
      for (let round = 0; round < 3; round++)
        expect(await send([document], tokens[who])).toMatchObject({ code: "QUERY_TOO_COMPLEX" });
    });

    it.each([
      ["in a circle", "...f0"],
      ["that end in one which is not there", "...missing"],
    ])("with fragments that double %s, and have no fields, is not written out", async (_what, leaf) => {
      const { root, object, type } = asked;
      const document = `${root} { ${object} { __typename ...f0 } } ${chain(type, leaf)}`;
      expect((await send([document], tokens[who])).code).toMatch(
        /GRAPHQL_VALIDATION_FAILED|QUERY_TOO_COMPLEX/,
      );
    });

    it.each([
      ["by one field", "a { ...f }"],
      ["by two fields", "a { ...f } b { ...f }"],
    ])("with a fragment that is inside of itself %s is refused as not valid", async (_what, inside) => {
      const { root, object, type } = asked;
      const document = `${root} { ${object} { ...f } } fragment f on ${type} { ${inside} }`;
      expect(await send([document], tokens[who])).toMatchObject({ code: "GRAPHQL_VALIDATION_FAILED" });
    });

    it("with more comments than there may be is refused", async () => {
      const document = `${asked.root} { ${asked.object} { __typename } } ${"#\n".repeat(DOCUMENT_LIMITS.comments + 1)}`;
      expect(await send([document], tokens[who])).toMatchObject({ code: "GRAPHQL_PARSE_FAILED" });
    });

    it("with many faults gets a short answer, and no names of the schema", async () => {
      const wrong = times(900, (n) => `idd @x${n}`).join(" ");
      const { text, size } = await send([`${asked.root} { ${asked.object} { ${wrong} } }`], tokens[who]);
      expect(size).toBeLessThan(10_000);
      expect(text).not.toContain("Did you mean");
    });
  });

  describe.each([
    [
      "over HTTP by nobody",
      "nobody",
      byHttp,
      "query ($v: TicketFilter) { tickets(filter: $v) { totalCount } }",
    ],
    [
      "over HTTP by a customer",
      "customer",
      byHttp,
      "query ($v: TicketFilter) { tickets(filter: $v) { totalCount } }",
    ],
    [
      "over a websocket by a guest",
      "guest",
      byWebSocket,
      "subscription ($v: ID!) { conversationEvents(conversationId: $v) { cursor } }",
    ],
  ] as const)("variables %s", (_how, who, send, document) => {
    const ask = (v: unknown) => send([document, { v }], tokens[who]);

    it.each<[string, () => unknown]>([
      ["a list of four thousand", () => times(4_000, () => 1)],
      ["four thousand fields", () => Object.fromEntries(times(4_000, (n) => [`f${n}`, n]))],
      ["lists in one another", () => nestedList(20)],
      ["a list in a filter", () => ({ status: times(2_000, () => "OPEN") })],
    ])("with %s are refused before they are coerced", async (_what, value) => {
      const { code, size } = await ask(value());
      expect(code).toBe("QUERY_TOO_COMPLEX");
      expect(size).toBeLessThan(500);
    });

    it.each<[string, () => unknown]>([
      ["values", () => times(900, () => ({}))],
      ["lists of a filter", () => ({ status: times(900, () => 1) })],
      ["unknown fields", () => Object.fromEntries(times(900, (n) => [`statuss${n}`, n]))],
      ["long texts", () => ({ status: times(20, () => "OPE".repeat(900)) })],
    ])("with many wrong %s are told of the first, in short", async (_what, value) => {
      const { code, size, text } = await ask(value());
      expect(code).toBe("BAD_USER_INPUT");
      expect(size).toBeLessThan(2_000);
      expect(text.match(/"message"/g)).toHaveLength(1);
      expect(text).not.toContain("Did you mean");
    });
  });

  describe("without introspection", () => {
    it.each<[string, string, Record<string, unknown>]>([
      [
        "a value of an enumeration",
        "query ($v: TicketFilter) { tickets(filter: $v) { totalCount } }",
        { v: { status: ["OPEM"] } },
      ],
      [
        "a field of an input",
        "query ($v: TicketFilter) { tickets(filter: $v) { totalCount } }",
        { v: { statu: ["CLOSED"] } },
      ],
      ["a literal of an enumeration", "{ tickets(filter: { status: OPEM }) { totalCount } }", {}],
      ["a field of a literal", "{ tickets(filter: { statu: CLOSED }) { totalCount } }", {}],
      ["an argument", "{ tickets(filte: null) { totalCount } }", {}],
      ["a type", "query ($v: TicketFilte) { tickets(filter: $v) { totalCount } }", {}],
      ["a field", "{ ticket(id: 1) { subjec } }", {}],
    ])("nothing like %s is suggested", async (_what, document, variables) => {
      const { text } = await byHttp([document, variables]);
      expect(text).not.toMatch(/Did you mean|OPEN|subject|"filter"/);
    });
  });

  describe("an answer that tells what is wrong", () => {
    it.each([
      ["literals", `{ tickets(filter: { status: [${"NOPE ".repeat(900)}] }) { totalCount } }`],
      ["lists of literals", `{ tickets(filter: { status: [${"1 ".repeat(2_000)}] }) { totalCount } }`],
      ["unknown fields", `{ ${times(900, (n) => `f${n}`).join(" ")} }`],
    ])("about many %s is short", async (_what, document) => {
      const { code, size } = await byHttp([document]);
      expect(code).toBe("GRAPHQL_VALIDATION_FAILED");
      expect(size).toBeLessThan(5_000);
    });

    it("repeats no more than the beginning of what was sent", async () => {
      const text = "x".repeat(50_000);
      const { size } = await byHttp([`{ tickets(filter: { status: "${text}" }) { totalCount } }`]);
      expect(size).toBeLessThan(5_000);
    });

    it("tells some of the failures of an operation, not all, also when it is compiled", async () => {
      const failing = times(
        40,
        (n) => `t${n}: ticket(id: "0190a000-0000-7000-8000-0000000000${n + 10}") { id }`,
      );
      for (let round = 0; round < 3; round++) {
        const { data, errors } = await server.gql(`{ ${failing.join(" ")} }`);
        expect(Object.keys(data ?? {})).toHaveLength(40);
        expect(errors).toHaveLength(20);
      }
    });
  });

  it("a document that is longer than it may be is refused unread", async () => {
    const { root, object } = QUERY;
    const document = `${root} { ${object} { __typename } } ${" ".repeat(DOCUMENT_LIMITS.sourceLength)}`;
    expect(await byHttp([document])).toMatchObject({ code: "QUERY_TOO_COMPLEX" });
  });
});
