import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DocumentNode } from "@apollo/client";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { print } from "graphql";
import { createClient } from "graphql-ws";
import { pino } from "pino";
import { WebSocket } from "ws";
import { until } from "../support/feed-world.js";
import {
  SendMessageDocument,
  SignInDocument,
  StartConversationDocument,
} from "../support/generated/operations.js";
import { bearer, codeIn, codeOf, createUploadLink } from "../support/test-client.js";
import type { SignedIn, TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const run = promisify(execFile);
const TOOL = join(
  createRequire(import.meta.url).resolve("@apollo/generate-persisted-query-manifest/package.json"),
  "../cli.js",
);

const LINE = "fragment TicketLine on Ticket { id subject requester { id name } }";
/** The documents of an app, which the tool wants in a file each. */
const APP: Readonly<Record<string, string>> = {
  TicketLine: LINE,
  Tickets: `query Tickets($companyId: ID!, $first: Int) {
    tickets(filter: { companyId: $companyId }, first: $first) { nodes { ...TicketLine } }
  }`,
  OpenTicket:
    "mutation OpenTicket($input: CreateTicketInput!) { createTicket(input: $input) { ...TicketLine attachmentCount } }",
  Follow: `subscription Follow($conversationId: ID!) {
    conversationEvents(conversationId: $conversationId) {
      cursor
      event { ... on MessageAdded { message { id body } } }
    }
  }`,
};
/** One that is in no manifest. */
const OTHER = "query Other { viewer { id } }";
/** In a manifest with ids of its own, as another client may have. */
const NAMED = {
  id: "viewer/1",
  name: "Viewer",
  type: "query",
  body: "query Viewer { viewer { __typename } }",
};
/** What the test itself sends, as text. */
const OURS = [SignInDocument, StartConversationDocument, SendMessageDocument].map((document, n) => ({
  id: `ours/${n}`,
  name: `Ours${n}`,
  type: "mutation",
  body: print(document),
}));
/** Of an app that is older than the schema. */
const OUTDATED = { id: "old/1", name: "Old", type: "query", body: "query Old { viewer { faxNumber } }" };

interface Manifest {
  readonly operations: readonly { readonly id: string; readonly name: string; readonly body: string }[];
}

let folder: string;
let manifest: Manifest;
let server: TestServer;
let customer: SignedIn;
let agent: SignedIn;
let companyId: string;
let conversationId: string;
/** Lines of the log. */
const warnings: string[] = [];

/** An operation as the app hands it to Apollo Client. */
const documentOf = (name: string): DocumentNode =>
  gql([APP[name]!, ...(APP[name]!.includes("...TicketLine") ? [LINE] : [])].join("\n"));
const idOf = (name: string) => manifest.operations.find((operation) => operation.name === name)!.id;
const bodyOf = (name: string) => manifest.operations.find((operation) => operation.name === name)!.body;

/** What each request of a client says of its operation. */
interface Spied {
  readonly method: string;
  readonly query: unknown;
}

/** An app's client, which sends ids alone. */
function appClient(options: { readonly useGETForHashedQueries?: boolean } = {}) {
  const spied: Spied[] = [];
  const { token } = customer;
  const ids = new PersistedQueryLink({
    ...generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest as never }),
    ...options,
  });
  const http = new HttpLink({
    uri: `${server.url}/graphql`,
    headers: bearer(token),
    fetch: (url, request) => {
      const method = request?.method ?? "GET";
      const { searchParams } = new URL(String(url));
      const body = method === "GET" ? Object.fromEntries(searchParams) : JSON.parse(String(request?.body));
      spied.push({ method, query: body.query });
      return fetch(url, request);
    },
  });
  const files = createUploadLink(server.url, token);
  const hasFiles = ApolloLink.split(
    ({ variables }) => (variables as { input?: { files?: unknown } }).input?.files !== undefined,
    files,
    http,
  );
  return { spied, client: new ApolloClient({ cache: new InMemoryCache(), link: ids.concat(hasFiles) }) };
}

const post = async (body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer(customer.token), ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
};
const ask = async (body: object) => {
  const { status, text } = await post(body);
  return { status, ...JSON.parse(text) };
};
const persisted = (sha256Hash: unknown) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** What a subscription is told first over a websocket, beside the acknowledgement. */
async function overSocket(payload: object): Promise<unknown> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  try {
    return await new Promise((resolve, reject) => {
      const send = (message: object) => socket.send(JSON.stringify(message));
      socket.once("error", reject).once("close", (code) => resolve(code));
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload });
        else resolve(message.payload);
      });
      socket.once("open", () =>
        send({
          type: "connection_init",
          payload: { authorization: `Bearer ${agent.token}` },
        }),
      );
    });
  } finally {
    socket.terminate();
  }
}

describe("persisted operations", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-manifest-"));
    await mkdir(join(folder, "src"));
    for (const [name, text] of Object.entries(APP))
      await writeFile(join(folder, "src", `${name}.graphql`), text);
    await run(process.execPath, [TOOL], { cwd: folder });
    const path = join(folder, "persisted-query-manifest.json");
    manifest = JSON.parse(await readFile(path, "utf8"));
    const named = join(folder, "named.json");
    const operations = [NAMED, OUTDATED, ...OURS];
    await writeFile(
      named,
      JSON.stringify({ format: "apollo-persisted-query-manifest", version: 1, operations }),
    );
    const env = { OPERATIONS: "persisted", OPERATIONS_MANIFEST: `${path},${named}` };
    const log = pino({ level: "warn" }, { write: (line) => void warnings.push(line) });
    server = await startTestServer({ env, log });
    [customer, agent] = [
      await server.signInAs("customer@acme.test"),
      await server.signInAs("agent@acme.test"),
    ];
    const [company] = await server.database.sql<
      { id: string }[]
    >`select id from companies where slug = 'acme'`;
    companyId = company!.id;
    const input = { companyId, subject: "Lift" };
    const { data } = await server.gql(StartConversationDocument, { input }, agent.token);
    conversationId = data!.startConversation.id;
  });

  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("are executed by the id that Apollo's tool gives them: queries by POST and GET, mutations, files", async () => {
    expect(manifest.operations.map(({ name }) => name).sort()).toEqual(["Follow", "OpenTicket", "Tickets"]);
    const { spied, client } = appClient();
    const query = { query: documentOf("Tickets"), variables: { companyId, first: 2 } };
    const { data } = await client.query<{ tickets: { nodes: { subject: string }[] } }>(query);
    expect(data!.tickets.nodes[0]!.subject).toEqual(expect.any(String));
    const byGet = appClient({ useGETForHashedQueries: true });
    expect((await byGet.client.query(query)).data).toEqual(data);
    expect(byGet.spied).toEqual([{ method: "GET", query: undefined }]);
    const open = (input: object) =>
      client.mutate<{ createTicket: { attachmentCount: number } }>({
        mutation: documentOf("OpenTicket"),
        variables: { input: { companyId, subject: "Lift", ...input } },
      });
    expect((await open({})).data!.createTicket.attachmentCount).toBe(0);
    const files = [new File(["The lift is stuck."], "lift.txt", { type: "text/plain" })];
    expect((await open({ files })).data!.createTicket.attachmentCount).toBe(1);
    expect(spied).toEqual([
      { method: "POST", query: undefined },
      { method: "POST", query: undefined },
    ]);
  });

  it("are subscribed to by id over HTTP, and over a websocket as text or by id", async () => {
    const say = (body: string) =>
      server.gql(SendMessageDocument, { input: { conversationId, body } }, agent.token);
    const socket = createClient({
      url: `${server.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: bearer(agent.token),
    });
    const ids = new PersistedQueryLink(
      generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest as never }),
    );
    const headers = bearer(agent.token);
    const spied: string[] = [];
    const spy: typeof fetch = (url, request) => {
      spied.push(Object.keys(JSON.parse(String(request?.body))).join());
      return fetch(url, request);
    };
    const links = [
      ids.concat(new HttpLink({ uri: `${server.url}/graphql`, headers, fetch: spy })),
      ids.concat(new GraphQLWsLink(socket)),
    ];
    for (const [n, link] of links.entries()) {
      const client = new ApolloClient({ cache: new InMemoryCache(), link });
      const told: unknown[] = [];
      const following = client
        .subscribe({ query: documentOf("Follow"), variables: { conversationId } })
        .subscribe({ next: (event) => told.push(event), error: (error) => told.push(error) });
      await until(() => server.feed.counts().subscribers === 1);
      await say(`Message ${n}`);
      await until(() => told.length > 0);
      following.unsubscribe();
      expect(told[0]).toMatchObject({
        data: { conversationEvents: { event: { message: { body: `Message ${n}` } } } },
      });
      await until(() => server.feed.counts().subscribers === 0);
    }
    expect(spied).toEqual(["operationName,variables,extensions"]);
    await socket.dispose();
    const byId = { query: "", variables: { conversationId }, ...persisted(idOf("Follow")) };
    expect(await overSocket({ ...byId, variables: { conversationId: "none" } })).toMatchObject([
      { extensions: { code: "NOT_FOUND" } },
    ]);
  });

  it("are executed as text if it is that of a listed operation, and by ids that are no hashes", async () => {
    expect(await ask({ query: NAMED.body })).toMatchObject({ data: { viewer: { __typename: "Viewer" } } });
    expect(await ask(persisted(NAMED.id))).toMatchObject({ data: { viewer: { __typename: "Viewer" } } });
    const both = { query: NAMED.body, ...persisted(NAMED.id) };
    expect(await ask(both)).toMatchObject({ data: { viewer: { __typename: "Viewer" } } });
    const ofAnother = { query: NAMED.body, ...persisted(sha256(NAMED.body)) };
    expect(await ask(ofAnother)).toMatchObject({ data: { viewer: { __typename: "Viewer" } } });
    const search = new URLSearchParams({ extensions: JSON.stringify(persisted(NAMED.id).extensions) });
    const byGet = await fetch(`${server.url}/graphql?${search}`, {
      headers: { ...bearer(customer.token), "apollo-require-preflight": "true" },
    });
    expect(await byGet.json()).toMatchObject({ data: { viewer: { __typename: "Viewer" } } });
  });

  it.each<[string, () => object, number, string]>([
    ["a text", () => ({ query: OTHER }), 403, "QUERY_NOT_IN_SAFELIST"],
    ["a text that differs by a space", () => ({ query: `${NAMED.body} ` }), 403, "QUERY_NOT_IN_SAFELIST"],
    ["a text that no parser takes", () => ({ query: "{".repeat(50_000) }), 403, "QUERY_NOT_IN_SAFELIST"],
    [
      "a text with its hash",
      () => ({ query: OTHER, ...persisted(sha256(OTHER)) }),
      403,
      "QUERY_NOT_IN_SAFELIST",
    ],
    [
      "a text with the id of another",
      () => ({ query: OTHER, ...persisted(NAMED.id) }),
      403,
      "QUERY_NOT_IN_SAFELIST",
    ],
    [
      "a listed text with the id of another",
      () => ({ query: NAMED.body, ...persisted(idOf("Tickets")) }),
      403,
      "QUERY_NOT_IN_SAFELIST",
    ],
    ["introspection", () => ({ query: "{ __schema { types { name } } }" }), 403, "QUERY_NOT_IN_SAFELIST"],
    ["an id", () => persisted(sha256(OTHER)), 404, "PERSISTED_QUERY_NOT_IN_LIST"],
    [
      "the name of a property of every object",
      () => persisted("constructor"),
      404,
      "PERSISTED_QUERY_NOT_IN_LIST",
    ],
    ["an id that is no text", () => persisted({ toString: 1 }), 400, "BAD_USER_INPUT"],
    ["nothing", () => ({ variables: {} }), 400, "BAD_REQUEST"],
    [
      "an operation that is not valid any more",
      () => persisted(OUTDATED.id),
      400,
      "GRAPHQL_VALIDATION_FAILED",
    ],
  ])("refuse %s", async (_what, body, status, code) => {
    const answer = await ask(body());
    expect([answer.status, codeIn(answer), answer.errors[0].extensions.status]).toEqual([
      status,
      code,
      status,
    ]);
    expect(answer.data).toBeUndefined();
  });

  it("are all that a page may subscribe to, over every transport, and all that has files", async () => {
    const variables = { conversationId };
    const text = bodyOf("Follow").replace("cursor", "at: cursor");
    for (const accept of ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0, application/json"]) {
      const refused = await post({ query: text, variables }, { accept, ...bearer(agent.token) });
      expect(refused.text).toContain('"code":"QUERY_NOT_IN_SAFELIST"');
      const unknown = await post({ variables, ...persisted("none") }, { accept, ...bearer(agent.token) });
      expect(unknown.text).toContain('"code":"PERSISTED_QUERY_NOT_IN_LIST"');
    }
    const [refused] = (await overSocket({ query: text, variables })) as { extensions: { code: string } }[];
    expect(refused!.extensions.code).toBe("QUERY_NOT_IN_SAFELIST");
    const upload = new ApolloClient({
      cache: new InMemoryCache(),
      link: createUploadLink(server.url, customer.token),
    }).mutate({
      mutation: gql`mutation Mine($input: CreateTicketInput!) { createTicket(input: $input) { id } }`,
      variables: { input: { companyId, subject: "Mine", files: [new File(["text"], "a.txt")] } },
    });
    expect(await codeOf(upload)).toBe("QUERY_NOT_IN_SAFELIST");
  });

  it("leave the event streams of the server's own as they are", async () => {
    const topic = `/events?topic=conversation:${conversationId}`;
    const response = await fetch(`${server.url}${topic}`, { headers: bearer(agent.token) });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
    await response.body?.cancel();
  });

  it("are told at the start if they are not valid, with the reason", () => {
    expect(warnings).toHaveLength(1);
    expect(JSON.parse(warnings[0]!)).toMatchObject({
      operation: "Old",
      id: "old/1",
      reason: 'Cannot query field "faxNumber" on type "Viewer".',
    });
  });
});

it("any operation may be sent by default, and a subscription's text is asked for if its hash came", async () => {
  const open = await startTestServer();
  try {
    const { token } = await open.signInAs("agent@acme.test");
    const send = async (body: object, accept: string) =>
      (
        await fetch(`${open.url}/graphql`, {
          method: "POST",
          headers: { "content-type": "application/json", accept, ...bearer(token) },
          body: JSON.stringify(body),
        })
      ).text();
    const hash = persisted(sha256(OTHER));
    expect(await send(hash, "application/json")).toContain('"code":"PERSISTED_QUERY_NOT_FOUND"');
    expect(await send({ query: OTHER, ...hash }, "application/json")).toContain('"data"');
    expect(await send(hash, "application/json")).toContain('"data"');
    const stream = await send(hash, "multipart/mixed;subscriptionSpec=1.0, application/json");
    expect(stream).toContain('"code":"PERSISTED_QUERY_NOT_FOUND"');
  } finally {
    await open.close();
  }
});
