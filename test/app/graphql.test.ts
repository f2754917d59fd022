import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { getIntrospectionQuery } from "graphql";
import { pino } from "pino";
import { MIB } from "../../src/kernel/bytes.js";
import { query } from "../support/database.js";
import { CreateTicketDocument } from "../support/generated/operations.js";
import type { GraphQLFailure } from "../support/test-client.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { SignedIn, TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly reqId?: string;
  readonly err?: { readonly message: string; readonly stack: string };
}

let server: TestServer;
let agent: SignedIn;
const lines: LogLine[] = [];

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
  readonly query?: Readonly<Record<string, string>>;
}

/** A request as it comes, which no client of ours would send. */
async function send({ method = "POST", headers = {}, body, query }: Sent, url = server.url) {
  const response = await fetch(`${url}/graphql${query ? `?${new URLSearchParams(query)}` : ""}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const answer = (isJson ? JSON.parse(text) : {}) as { data?: unknown; errors?: GraphQLFailure[] };
  return { status: response.status, headers: response.headers, text, ...answer };
}

const JSON_BODY = { "content-type": "application/json" };
const jsonOf = (query: string) => JSON.stringify({ query });
const ask = (query: string, variables?: Record<string, unknown>) => server.gql(query, variables, agent.token);

describe("graphql", () => {
  beforeAll(async () => {
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    server = await startTestServer({ log });
    agent = await server.signInAs("agent@acme.test");
  });

  afterAll(() => server?.close());

  describe("limits of an operation", () => {
    /** `levels` fields deep. */
    const nested = (levels: number): string => {
      const path = ["companies", "nodes"];
      while (path.length < levels - 1) path.push("memberships(first: 1)", "nodes", "company");
      const cut = [...path.slice(0, levels - 1), "__typename"];
      return `{ ${cut.join(" { ")}${" }".repeat(cut.length)}`;
    };

    it("takes twelve levels, and refuses the thirteenth", async () => {
      expect(codeIn(await ask(nested(12)))).toBe("ok");
      const refused = await ask(nested(13));
      expect(refused.status).toBe(400);
      expect(refused.errors?.[0]?.extensions).toMatchObject({
        code: "QUERY_TOO_COMPLEX",
        status: 400,
        limit: 12,
      });
    });

    it("counts the levels in fragments", async () => {
      const inFragment = (levels: number) =>
        `{ companies { ...Inner } } ${nested(levels).replace("{ companies { nodes", "fragment Inner on CompanyConnection { nodes").slice(0, -2)}`;
      expect(codeIn(await ask(inFragment(12)))).toBe("ok");
      expect(codeIn(await ask(inFragment(13)))).toBe("QUERY_TOO_COMPLEX");
    });

    it("refuses what would read more than 5,000 objects, and says how many", async () => {
      const query = `query ($first: Int) { tickets(first: $first) { nodes { attachments(first: 100) { nodes { id } } } } }`;
      expect(codeIn(await ask(query, { first: 20 }))).toBe("ok");
      const refused = await ask(query, { first: 100 });
      expect(refused.status).toBe(400);
      const { extensions } = refused.errors![0]!;
      expect(extensions).toMatchObject({ code: "QUERY_TOO_COMPLEX", limit: 5_000 });
      expect(extensions.actual).toBeGreaterThan(10_000);
    });

    it("counts anew what a variable includes", async () => {
      const query = `query ($all: Boolean!) { tickets(first: 100) { nodes { id
      attachments(first: 100) @include(if: $all) { nodes { id } } } } }`;
      expect(codeIn(await ask(query, { all: false }))).toBe("ok");
      expect(codeIn(await ask(query, { all: true }))).toBe("QUERY_TOO_COMPLEX");
      expect(codeIn(await ask(query, { all: false }))).toBe("ok");
    });

    it("refuses fragments that multiply each other", async () => {
      const spread = (n: number) => `fragment F${n} on Viewer { ${`...F${n + 1} `.repeat(10)} }`;
      const fragments = [0, 1, 2, 3, 4].map(spread).join(" ");
      const query = `{ viewer { ...F0 } } ${fragments} fragment F5 on Viewer { __typename }`;
      expect(codeIn(await ask(query))).toBe("QUERY_TOO_COMPLEX");
    });

    it("adds up what is asked for by many aliases", async () => {
      const many = Array.from({ length: 60 }, (_, n) => `t${n}: tickets(first: 100) { nodes { id } }`);
      expect(codeIn(await ask(`{ ${many.join(" ")} }`))).toBe("QUERY_TOO_COMPLEX");
    });

    it("refuses a document of more than 5,000 tokens before it is parsed to its end", async () => {
      const answer = await ask(`{ ${"viewer { __typename } ".repeat(2_000)} }`);
      expect(answer.errors?.[0]).toMatchObject({
        extensions: { code: "GRAPHQL_PARSE_FAILED", status: 400 },
        message: expect.stringContaining("5000"),
      });
    });

    it("refuses a body of more than 1 MiB", async () => {
      const answer = await send({
        headers: JSON_BODY,
        body: jsonOf(`{ viewer { __typename } } #${"x".repeat(MIB)}`),
      });
      expect(answer.status).toBe(413);
      expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "FILE_TOO_LARGE", status: 413 });
    });

    it("refuses several operations in one request", async () => {
      const batch = JSON.stringify([{ query: "{ __typename }" }, { query: "{ __typename }" }]);
      const answer = await send({ headers: JSON_BODY, body: batch });
      expect(answer.status).toBe(400);
      expect(answer.data).toBeUndefined();
    });
  });

  describe("failures", () => {
    it("say which inputs are not valid", async () => {
      const answer = await server.gql(
        CreateTicketDocument,
        { input: { companyId: "acme", subject: "" } },
        agent.token,
      );
      expect(answer.status).toBe(200);
      expect(answer.data).toEqual({ createTicket: null });
      expect(answer.errors).toEqual([
        {
          message: expect.stringMatching(/^The input is not valid: .*companyId.*subject/s),
          path: ["createTicket"],
          locations: [expect.anything()],
          extensions: { code: "BAD_USER_INPUT", status: 400, fields: ["companyId", "subject"] },
        },
      ]);
    });

    it.each([
      ["a syntax error", "{ viewer { ", "GRAPHQL_PARSE_FAILED"],
      ["an unknown field", "{ nobody }", "GRAPHQL_VALIDATION_FAILED"],
      [
        "a variable of a wrong type",
        "query ($a: Int!) { tickets(first: $a) { totalCount } }",
        "BAD_USER_INPUT",
      ],
      ["no operation", "", "BAD_REQUEST"],
      ["an unknown variable", "{ tickets(first: $b) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"],
      [
        "a condition at the root of a subscription",
        'subscription ($a: Boolean!) { conversationEvents(conversationId: "x") @skip(if: $a) { cursor } }',
        "GRAPHQL_VALIDATION_FAILED",
      ],
    ])("give %s its code and no stack", async (_what, query, code) => {
      const answer = await ask(query, { a: "one" });
      expect(answer.status).toBe(400);
      expect(answer.errors?.[0]?.extensions).toEqual({ code, status: 400 });
    });

    it("say of a subscription over HTTP where subscriptions are taken", async () => {
      const answer = await ask(`subscription { conversationEvents(conversationId: "x") { cursor } }`);
      expect(answer.status).toBe(400);
      expect(answer.errors?.[0]).toMatchObject({
        message: expect.stringContaining("graphql-transport-ws"),
        extensions: { code: "BAD_USER_INPUT", status: 400 },
      });
    });

    it("tell a client of an argument that turns out to be null while the operation runs", async () => {
      const answer = await ask(`query ($id: ID = "x") { ticket(id: $id) { id } }`, { id: null });
      expect(answer.errors?.[0]).toMatchObject({
        message: expect.stringContaining('Argument "id"'),
        extensions: { code: "BAD_USER_INPUT", status: 400 },
      });
    });

    it.each([
      ["none is named of two", { query: "query A { __typename } query B { __typename }" }],
      ["one is named that is not there", { query: "query A { __typename }", operationName: "B" }],
    ])("say that it is not known which operation is meant when %s", async (_case, request) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      const { errors } = (await response.json()) as { errors: { extensions: object }[] };
      expect(response.status).toBe(400);
      expect(errors).toMatchObject([{ extensions: { code: "OPERATION_RESOLUTION_FAILURE", status: 400 } }]);
    });

    it("do not come of an empty name of an operation", async () => {
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: "query A { __typename }", operationName: "" }),
      });
      expect(await response.json()).toEqual({ data: { __typename: "Query" } });
    });

    it("give a bad token the same answer as none", async () => {
      for (const token of [undefined, "nonsense", `${agent.token}x`, "a.b.c"]) {
        const answer = await server.gql("{ tickets { totalCount } }", undefined, token);
        expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
      }
    });

    it("that nobody expected are masked, and stand in the log under the id that the client is told", async () => {
      await query(server.ownerUrl, "alter table replies rename to hidden_replies");
      const answer = await ask("{ tickets(first: 1) { nodes { id replies { nodes { body } } } } }");
      await query(server.ownerUrl, "alter table hidden_replies rename to replies");
      const [failure] = answer.errors!;
      expect(failure).toMatchObject({
        path: ["tickets", "nodes", 0, "replies"],
        extensions: { code: "INTERNAL_SERVER_ERROR", status: 500 },
      });
      const { requestId } = failure!.extensions;
      expect(requestId).toBe(answer.headers.get("x-request-id"));
      expect(JSON.stringify(failure)).not.toMatch(/relation|hidden|select|\.ts|\.js/i);
      const logged = lines.filter((line) => line.reqId === requestId && line.level >= 50);
      expect(logged).toEqual([expect.objectContaining({ msg: "unexpected failure" })]);
      expect(logged[0]!.err!.stack).toContain("replies");
    });

    it("before GraphQL begins are masked and logged in the same way", async () => {
      await query(server.ownerUrl, "alter table sessions rename to hidden_sessions");
      const answer = await ask("{ viewer { user { id } } }");
      await query(server.ownerUrl, "alter table hidden_sessions rename to sessions");
      expect(answer.status).toBe(500);
      const [failure] = answer.errors!;
      const requestId = answer.headers.get("x-request-id");
      expect(failure).toMatchObject({
        message: expect.stringContaining("The server had an internal error"),
        extensions: { code: "INTERNAL_SERVER_ERROR", status: 500, requestId },
      });
      const logged = lines.filter((line) => line.reqId === requestId && line.level >= 50);
      expect(logged).toHaveLength(1);
      expect(logged[0]!.err!.stack).toContain("sessions");
    });

    it("that are expected stand in no log as errors", async () => {
      const before = lines.length;
      await server.gql(CreateTicketDocument, { input: { companyId: "x", subject: "" } }, agent.token);
      await ask("{ nobody }");
      expect(lines.slice(before).filter(({ level }) => level >= 40)).toEqual([]);
    });
  });

  describe("request ids", () => {
    it("stand in every answer, each another one, and none that a client chose", async () => {
      const answers = [
        await send({ headers: { ...JSON_BODY, "x-request-id": "mine" }, body: jsonOf("{ __typename }") }),
        await send({ headers: JSON_BODY, body: jsonOf("{ nobody }") }),
        await send({ headers: JSON_BODY, body: "{" }),
        await send({ method: "DELETE" }),
      ];
      const ids = answers.map(({ headers }) => headers.get("x-request-id"));
      for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids)
        expect(lines.filter((line) => line.reqId === id && line.msg === "request")).toHaveLength(1);
    });
  });

  describe("requests that a page of another site could make", () => {
    const mutation = `mutation { signOut }`;
    const form = new FormData();
    form.append("operations", jsonOf(mutation));
    form.append("map", "{}");

    it.each<[string, Sent]>([
      ["plain text", { headers: { "content-type": "text/plain" }, body: jsonOf(mutation) }],
      ["no content type", { headers: { "content-type": "" }, body: jsonOf(mutation) }],
      [
        "a form",
        { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "query={__typename}" },
      ],
      // Browsers send Basic credentials by themselves, and never a bearer token (docs/decisions/0001).
      ["a form with files", { headers: { authorization: "Basic YTpi" }, body: form }],
      ["a link", { method: "GET", query: { query: "{ __typename }" } }],
    ])("are refused: %s", async (_what, sent) => {
      const answer = await send({ ...sent, headers: { ...bearer(agent.token), ...sent.headers } });
      expect([400, 415]).toContain(answer.status);
      expect(answer.data).toBeUndefined();
      expect(answer.errors).toHaveLength(1);
    });

    it("are answered when they carry the header that such a page cannot set, but never change anything by GET", async () => {
      const headers = { "apollo-require-preflight": "true" };
      const read = await send({ method: "GET", headers, query: { query: "{ __typename }" } });
      expect(read).toMatchObject({ status: 200, data: { __typename: "Query" } });
      const write = await send({ method: "GET", headers, query: { query: mutation } });
      expect(write.status).toBe(405);
      expect(write.data).toBeUndefined();
    });
  });

  describe("persisted queries", () => {
    it("are asked for once and known by their hash from then on", async () => {
      const query = "{ viewer { user { email } } }";
      const persistedQuery = { version: 1, sha256Hash: createHash("sha256").update(query).digest("hex") };
      const post = (body: object) =>
        send({ headers: { ...JSON_BODY, ...bearer(agent.token) }, body: JSON.stringify(body) });
      const unknown = await post({ extensions: { persistedQuery } });
      expect(unknown.errors?.[0]?.extensions.code).toBe("PERSISTED_QUERY_NOT_FOUND");
      const data = { viewer: { user: { email: agent.email } } };
      expect((await post({ query, extensions: { persistedQuery } })).data).toEqual(data);
      expect((await post({ extensions: { persistedQuery } })).data).toEqual(data);
      const byGet = await send({
        method: "GET",
        headers: { ...bearer(agent.token), "apollo-require-preflight": "true" },
        query: { extensions: JSON.stringify({ persistedQuery }) },
      });
      expect(byGet.data).toEqual(data);
    });

    it("are refused under a hash that is not theirs", async () => {
      const sha256Hash = createHash("sha256").update("{ else }").digest("hex");
      const body = { query: "{ __typename }", extensions: { persistedQuery: { version: 1, sha256Hash } } };
      const answer = await send({ headers: JSON_BODY, body: JSON.stringify(body) });
      expect(answer.status).toBe(400);
      expect(answer.data).toBeUndefined();
    });
  });

  describe("what is shown of the schema", () => {
    const PRODUCTION = { NODE_ENV: "production", EMBEDDED_SECRETS: "true" };
    const introspect = (url?: string) =>
      send({ headers: JSON_BODY, body: jsonOf(getIntrospectionQuery()) }, url);
    const visit = (url?: string) => send({ method: "GET", headers: { accept: "text/html" } }, url);
    const mistype = (url?: string) => send({ headers: JSON_BODY, body: jsonOf("{ viewr { id } }") }, url);

    it("in development: all of it, and Apollo Sandbox to a browser", async () => {
      expect((await introspect()).data).toHaveProperty("__schema.queryType.name", "Query");
      expect((await mistype()).errors?.[0]?.message).toContain('"viewer"');
      const page = await visit();
      expect(page.status).toBe(200);
      expect(page.headers.get("content-type")).toContain("text/html");
      expect(page.text.toLowerCase()).toContain("sandbox");
    });

    it("in production: nothing", async () => {
      const production = await startTestServer({ env: PRODUCTION });
      try {
        const { errors, data } = await introspect(production.url);
        expect(errors?.[0]?.extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
        expect(data).toBeUndefined();
        expect((await mistype(production.url)).errors?.[0]?.message).not.toContain('"viewer"');
        const page = await visit(production.url);
        expect(page.status).toBe(400);
        expect(page.headers.get("content-type")).not.toContain("text/html");
      } finally {
        await production.close();
      }
    });

    it("in production, asked for by name: all of it, and still no Sandbox", async () => {
      const production = await startTestServer({ env: { ...PRODUCTION, INTROSPECTION: "true" } });
      try {
        expect((await introspect(production.url)).data).toHaveProperty("__schema.queryType.name", "Query");
        expect((await visit(production.url)).status).toBe(400);
      } finally {
        await production.close();
      }
    });
  });
});
