import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, InMemoryCache } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { print } from "graphql";
import { MIB } from "../../src/kernel/bytes.js";
import { CreateTicketDocument } from "../support/generated/operations.js";
import { uploadForm } from "../support/multipart-body.js";
import { bearer } from "../support/test-client.js";
import type { SignedIn, TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const JSON_BODY = { "content-type": "application/json" };
const PREFLIGHT = { "apollo-require-preflight": "true" };
const RESPONSE_JSON = "application/graphql-response+json";

let server: TestServer;
let agent: SignedIn;

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
}

async function send({ method = "POST", headers = {}, body }: Sent, path = "/graphql") {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

const query = (text: string) => JSON.stringify({ query: text });

const REFUSED: readonly (readonly [string, number, string, Sent])[] = [
  ["a method that is not taken", 405, "BAD_USER_INPUT", { method: "PUT", headers: JSON_BODY, body: "{}" }],
  ["a method that nobody knows", 405, "BAD_USER_INPUT", { method: "PROPFIND" }],
  [
    "a body that is neither JSON nor a form",
    415,
    "UNSUPPORTED_FILE_TYPE",
    {
      headers: { "content-type": "application/xml" },
      body: "<query/>",
    },
  ],
  [
    "a compressed body",
    415,
    "UNSUPPORTED_FILE_TYPE",
    {
      headers: { ...JSON_BODY, "content-encoding": "gzip" },
      body: query("{ __typename }"),
    },
  ],
  ["half of a body", 400, "BAD_USER_INPUT", { headers: JSON_BODY, body: "{" }],
  [
    "a body that is too large",
    413,
    "FILE_TOO_LARGE",
    {
      headers: JSON_BODY,
      body: query(`{ __typename } #${"x".repeat(MIB)}`),
    },
  ],
  [
    "headers that are too large",
    431,
    "BAD_USER_INPUT",
    {
      headers: { ...JSON_BODY, "x-long": "x".repeat(20_000) },
      body: query("{ __typename }"),
    },
  ],
  ["files of nobody", 401, "UNAUTHENTICATED", { headers: PREFLIGHT, body: uploadForm("x") }],
  ["files without the header that no form sends", 400, "BAD_USER_INPUT", { body: uploadForm("x") }],
];

describe("refusals by http", () => {
  beforeAll(async () => {
    server = await startTestServer();
    agent = await server.signInAs("agent@acme.test");
  });

  afterAll(() => server?.close());

  describe.each(REFUSED)("%s", (_what, status, code, sent) => {
    it.each([
      [RESPONSE_JSON, RESPONSE_JSON],
      [`${RESPONSE_JSON},application/json;q=0.9`, RESPONSE_JSON],
      ["application/json", "application/json"],
      ["*/*", "application/json"],
    ])("is refused in the form of a GraphQL response to who accepts %s", async (accept, type) => {
      const answer = await send({ ...sent, headers: { accept, ...sent.headers } });
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toBe(`${type}; charset=utf-8`);
      expect(JSON.parse(answer.text)).toEqual({
        errors: [{ message: expect.any(String), extensions: expect.objectContaining({ code, status }) }],
      });
    });
  });

  describe("what goes with a status", () => {
    it.each(["PUT", "PATCH", "DELETE", "PROPFIND", "HEAD"])(
      "405 to %s names what is taken",
      async (method) => {
        const { status, headers } = await send({ method, headers: PREFLIGHT });
        expect([status, headers.get("allow")]).toEqual([405, "GET, POST"]);
      },
    );

    it("405 to a mutation by GET names POST", async () => {
      const { status, headers, text } = await send(
        { method: "GET", headers: PREFLIGHT },
        `/graphql?${new URLSearchParams({ query: "mutation { signOut }" })}`,
      );
      expect([status, headers.get("allow")]).toEqual([405, "POST"]);
      expect(JSON.parse(text).errors[0].extensions).toEqual({ code: "BAD_REQUEST", status: 405 });
    });

    it("405 on other routes is told in their form", async () => {
      for (const path of ["/healthz", "/files/0190a000-0000-7000-8000-000000000000/a.txt"]) {
        const { status, headers, text } = await send({ method: "DELETE" }, path);
        expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
        expect(JSON.parse(text)).toEqual({
          error: { code: "BAD_USER_INPUT", status, message: expect.any(String) },
        });
      }
      expect((await send({ method: "DELETE" }, "/nowhere")).status).toBe(404);
    });

    it("415 to a compressed body says that none is taken", async () => {
      const { status, headers } = await send({
        headers: { ...JSON_BODY, "content-encoding": "br" },
        body: query("{ __typename }"),
      });
      expect([status, headers.get("accept-encoding")]).toEqual([415, "identity"]);
    });

    it("431 can be read by pages of an origin that may call, and by no others", async () => {
      const ask = async (origin: string) =>
        (await send({ headers: { origin, "x-long": "x".repeat(20_000) } })).headers.get(
          "access-control-allow-origin",
        );
      expect(await ask("http://localhost:5173")).toBe("http://localhost:5173");
      expect(await ask("https://evil.example.com")).toBeNull();
    });

    it("an OPTIONS that is no preflight is answered", async () => {
      expect((await send({ method: "OPTIONS" })).status).toBe(204);
    });
  });

  it("carries nothing out for a client that takes no answer", async () => {
    const { data } = await server.gql<{ companies: { nodes: { id: string }[] } }>(
      "{ companies { nodes { id } } }",
      {},
      agent.token,
    );
    const subject = "Told to nobody";
    const input = { companyId: data!.companies.nodes[0]!.id, subject, description: "" };
    const { status, headers, text } = await send({
      headers: { ...JSON_BODY, ...bearer(agent.token), accept: "text/csv" },
      body: JSON.stringify({ query: print(CreateTicketDocument), variables: { input } }),
    });
    expect([status, headers.get("content-type")]).toEqual([406, "application/json; charset=utf-8"]);
    expect(JSON.parse(text).errors[0].extensions).toEqual({ code: "BAD_USER_INPUT", status: 406 });
    expect(await server.database.sql`select id from tickets where subject = ${subject}`).toEqual([]);
  });

  describe("Apollo Client with a retrying link", () => {
    const UPLOAD = gql`mutation ($input: UploadTicketAttachmentsInput!) { uploadTicketAttachments(input: $input) { id } }`;

    it("is told that somebody is not signed in, and asks once", async () => {
      let asked = 0;
      const http = new UploadHttpLink({
        uri: `${server.url}/graphql`,
        headers: bearer("expired"),
        fetch: (...request: Parameters<typeof fetch>) => {
          asked++;
          return fetch(...request);
        },
      });
      const link = ApolloLink.from([new RetryLink({ delay: { initial: 1 } }), http]);
      const client = new ApolloClient({ cache: new InMemoryCache(), link });
      const variables = { input: { ticketId: "none", files: [new File(["x"], "x.txt")] } };
      const failure = await client.mutate({ mutation: UPLOAD, variables }).catch((error: unknown) => error);
      expect(CombinedGraphQLErrors.is(failure)).toBe(true);
      expect((failure as CombinedGraphQLErrors).errors[0]?.extensions).toEqual({
        code: "UNAUTHENTICATED",
        status: 401,
      });
      expect(asked).toBe(1);
    });
  });
});
