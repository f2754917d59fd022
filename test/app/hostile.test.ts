import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createFaultLog } from "../support/fault-log.js";
import { codeIn } from "../support/test-client.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;
let token: string;
const { log, faults } = createFaultLog();

/** Sends bytes as they are and gives back all that comes, up to the end of the connection. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.setEncoding("utf8").on("error", () => {});
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, "close");
  return answer;
}

describe("hostile", () => {
  beforeAll(async () => {
    server = await startTestServer({ log });
    token = (await server.signInAs("agent@acme.test")).token;
  });

  // Nothing that a client sends is logged as a fault of ours.
  afterEach(() => expect(faults).toEqual([]));

  afterAll(() => server.close());

  describe("what is no request at all", () => {
    it.each([
      ["no HTTP", "hello\r\n\r\n", 400],
      ["headers of 20 KB", `GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`, 431],
      [
        "two lengths of a body",
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        400,
      ],
    ])("is answered in the form of all errors: %s", async (_what, text, status) => {
      const answer = await raw(server.url, text);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toContain("x-content-type-options: nosniff");
      const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
      const message = expect.stringMatching(/request/);
      expect(body).toEqual(
        text.includes(" /graphql ")
          ? { errors: [{ message, extensions: { code: "BAD_USER_INPUT", status } }] }
          : { error: { code: "BAD_USER_INPUT", status, message } },
      );
    });

    it("is not answered in the midst of another request's answer", async () => {
      const body = JSON.stringify({ query: "{ tickets(first: 100) { nodes { id subject } } }" });
      const request = `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      expect(await raw(server.url, `${request}no request\r\n\r\n`)).not.toContain("BAD_USER_INPUT");
    });
  });

  describe("the cost of an operation", () => {
    const dear =
      "dear: tickets(first: 100) { nodes { replies(first: 100) { nodes { attachments(first: 100) { nodes { id } } } } } }";

    it.each([
      [
        "a variable that was missing",
        `query ($id: ID!) { ticket(id: $id) { id } ${dear} }`,
        [{}, { id: "x" }],
      ],
      [
        "a part that was left out",
        `query ($b: Boolean!) { viewer { user { id } } ... @include(if: $b) { ${dear} } }`,
        [{ b: false }, { b: true }],
      ],
      [
        "a page size that was its default",
        "query ($n: Int = 1) { tickets(first: $n) { nodes { replies(first: $n) { nodes { attachments(first: $n) { nodes { id } } } } } } }",
        [{}, { n: null }],
      ],
      [
        "an argument that is wrong only when it is run",
        `query ($d: OrderDirection = DESC) { tickets(orderBy: { direction: $d }) { nodes { id } } ${dear} }`,
        [{ d: null }, {}],
      ],
    ])("is not what %s made it", async (_what, query, [first, second]) => {
      await server.gql(query, first, token);
      const { errors, data } = await server.gql(query, second, token);
      expect(codeIn({ errors: errors ?? [] })).toBe("QUERY_TOO_COMPLEX");
      expect(data ?? null).toBeNull();
    });

    it("counts the lists of a file as long as they may well be", async () => {
      const list = (fields: string) =>
        server.gql(
          `query ($id: ID!) { mediaFiles(companyId: $id, first: 100) { nodes { id ${fields} } } }`,
          { id: "0190a000-0000-7000-8000-000000000000" },
          token,
        );
      expect(codeIn(await list("usages { fieldName } versions { id }"))).toBe("NOT_FOUND");
      expect(codeIn(await list("usages { fieldName mediaFile { id } } versions { id }"))).toBe(
        "QUERY_TOO_COMPLEX",
      );
      expect(codeIn(await list("variants { url } usages { fieldName } versions { id }"))).toBe("NOT_FOUND");
    });

    it.each([
      ["storage reports", "query", (n: number) => `r${n}: storageReport(companyId: $id) { files }`],
      [
        "purges of orphans",
        "mutation",
        (n: number) => `p${n}: purgeOrphanedMedia(input: { companyId: $id, dryRun: true }) { files }`,
      ],
    ])("lets one request ask for a few %s, and not for a dozen", async (_what, kind, field) => {
      const ask = (count: number) =>
        server.gql(
          `${kind} ($id: ID!) { ${Array.from({ length: count }, (_, n) => field(n)).join(" ")} }`,
          { id: "0190a000-0000-7000-8000-000000000000" },
          token,
        );
      expect(codeIn(await ask(5))).toBe("NOT_FOUND");
      expect(codeIn(await ask(12))).toBe("QUERY_TOO_COMPLEX");
    });

    it("bounds how many mutations one request holds", async () => {
      const many = Array.from({ length: 101 }, (_, n) => `m${n}: signOut`).join(" ");
      expect(codeIn(await server.gql(`mutation { ${many} }`, {}, token))).toBe("QUERY_TOO_COMPLEX");
    });
  });

  describe("an input that nothing can hold", () => {
    it.each([
      [
        "half of a surrogate pair",
        'mutation ($s: String!) { updateTicket(input: { id: "TICKET", subject: $s }) { id } }',
        { s: "a\ud800" },
        "BAD_USER_INPUT",
      ],
      [
        "a date of the year 10000",
        "query ($d: DateTime!) { tickets(filter: { createdFrom: $d }) { nodes { id } } }",
        { d: "9999-12-31T23:59:59-23:59" },
        "BAD_USER_INPUT",
      ],
    ])("is told as such: %s", async (_what, query, variables, code) => {
      const { data } = await server.gql<{ tickets: { nodes: { id: string }[] } }>(
        "{ tickets { nodes { id } } }",
        {},
        token,
      );
      const own = await server.gql(query.replace("TICKET", data!.tickets.nodes[0]!.id), variables, token);
      expect(codeIn(own)).toBe(code);
    });

    it.each([
      ["at the top", "query ($s: String!) { companies(search: $s) { nodes { id } } }", { s: "k\ud800" }],
      [
        "inside of an input",
        "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }",
        {
          input: {
            conversationId: "0190a000-0000-7000-8000-000000000000",
            body: "Hello",
            clientId: "k\ud801",
          },
        },
      ],
      [
        "in a list",
        `mutation ($ids: [ID!]) {
        startConversation(input: { companyId: "0190a000-0000-7000-8000-000000000000", participantIds: $ids }) { id } }`,
        { ids: ["\udc00"] },
      ],
    ])("half of a character %s is refused before anything is done", async (_where, query, variables) => {
      const { errors } = await server.gql(query, variables, token);
      expect(errors).toMatchObject([
        {
          message: "A text cannot contain half of a surrogate pair.",
          extensions: { code: "BAD_USER_INPUT", status: 400 },
        },
      ]);
    });

    it("a whole character of two halves is taken", async () => {
      const query = "query ($s: String!) { companies(search: $s) { nodes { id } } }";
      expect(codeIn(await server.gql(query, { s: "\u{1F511}" }, token))).toBe("ok");
    });

    it("an empty refresh token ends nothing", async () => {
      const { data } = await server.gql<{ signOut: boolean }>('mutation { signOut(refreshToken: "") }');
      expect(data?.signOut).toBe(false);
    });

    it.each([
      ["another hash", { version: 1, sha256Hash: "0".repeat(64) }],
      ["another version", { version: 2, sha256Hash: "x" }],
    ])("a persisted query with %s is the client's fault, not ours", async (_what, persistedQuery) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: "{ viewer { user { id } } }", extensions: { persistedQuery } }),
      });
      expect(response.status).toBe(400);
      const body = (await response.json()) as { errors: { extensions: { code: string } }[] };
      expect(body.errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
    });

    it.each(["a b", "<script>"])("the host %j is refused in words", async (host) => {
      const answer = await raw(
        server.url,
        `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"BAD_USER_INPUT"');
    });

    it("a URL that cannot be decoded is not echoed with its signature", async () => {
      const response = await fetch(`${server.url}/files/%ff/x?signature=secret`);
      expect(response.status).toBe(400);
      const text = await response.text();
      expect(JSON.parse(text).error.code).toBe("BAD_USER_INPUT");
      expect(text).not.toContain("secret");
    });
  });

  describe("a session", () => {
    it("is not ended by somebody who knows its id alone", async () => {
      const sid = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()).sid as string;
      for (const forged of [`${sid}.wrong`, `${sid}.wrong.wrong`, sid]) {
        const out = await server.gql<{ signOut: boolean }>(
          "mutation ($t: String) { signOut(refreshToken: $t) }",
          { t: forged },
        );
        expect(out.data?.signOut).toBe(false);
        const refresh = "mutation ($t: String!) { refreshSession(refreshToken: $t) { accessToken } }";
        expect(codeIn(await server.gql(refresh, { t: forged }))).toBe("UNAUTHENTICATED");
      }
      const { data } = await server.gql<{ viewer: object | null }>("{ viewer { user { id } } }", {}, token);
      expect(data?.viewer).not.toBeNull();
    });
  });
});
