import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { createHttp } from "../../src/app/server/http.js";
import { newId } from "../../src/kernel/ids.js";
import { createTokenIssuer } from "../../src/modules/identity/sessions/access-token.js";
import { readConfig } from "../../src/platform/config/config.js";
import { createKey, revokeKey } from "../support/api-keys.js";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { SetCompanyLogoDocument } from "../support/generated/operations.js";
import { makeJpeg } from "../support/make-files.js";
import { renderPending } from "../support/render-pending.js";
import { BYTES, startUpload, TUS } from "../support/staged-uploads.js";
import { bearer } from "../support/test-client.js";

/** Those who ask, in the order of the columns below. */
const CALLERS = [
  "nobody",
  "expired",
  "revoked",
  "guest",
  "customer",
  "other customer",
  "foreign customer",
  "agent",
  "manager",
  "foreign manager",
  "admin",
  "key",
  "foreign key",
  "revoked key",
] as const;
type Caller = (typeof CALLERS)[number];

/** What a request asks for. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

let world: ChatWorld;
let tokens: Record<Caller, string | undefined>;
let asked: Record<string, Asked>;

/**
 * The status of each request for each caller. A route without a row fails the test. `GET /graphql` is an event stream
 * of a subscription; files of a ticket and of a conversation are asked for by the same routes.
 */
const WALK: Readonly<Record<string, string>> = {
  // nobody, expired, revoked, guest | customer, other, foreign | agent, manager, foreign manager, admin | key, foreign, revoked
  "GET /healthz": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "HEAD /healthz": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "GET /readyz": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "HEAD /readyz": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "GET /events (a ticket)": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "GET /events (a conversation)": "401 401 401 200  404 404 404  200 200 404 200  404 404 401",
  "GET /events (a library)": "401 401 401 404  403 403 404  200 200 404 200  200 404 401",
  "GET /graphql": "401 401 401 200  200 200 200  200 200 200 200  200 200 401",
  "POST /graphql": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "GET /files/:id/:name|:variant": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "HEAD /files/:id/:name|:variant": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "GET /files/:id/:name|:variant/:name": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "HEAD /files/:id/:name|:variant/:name": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "GET /attachments/:id/:name|:variant": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "GET /attachments/:id/:name|:variant (of a guest)":
    "401 401 401 200  404 404 404  200 200 404 200  404 404 401",
  "HEAD /attachments/:id/:name|:variant": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "GET /attachments/:id/:name|:variant/:name": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "HEAD /attachments/:id/:name|:variant/:name": "401 401 401 404  200 404 404  200 200 404 200  404 404 401",
  "GET /public/:id/:variant/:name": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "GET /public/:id/:variant/:name (a private file)":
    "404 404 404 404  404 404 404  404 404 404 404  404 404 404",
  "HEAD /public/:id/:variant/:name": "200 200 200 200  200 200 200  200 200 200 200  200 200 200",
  "GET /legacy/*": "307 307 307 307  307 307 307  307 307 307 307  307 307 307",
  "GET /legacy/* (a private file)": "401 401 401 404  307 404 404  307 307 404 307  404 404 401",
  "GET /legacy/* (an unknown address)": "401 401 401 404  404 404 404  404 404 404 404  404 404 401",
  "HEAD /legacy/*": "401 401 401 404  307 404 404  307 307 404 307  404 404 401",
  "OPTIONS /uploads": "204 204 204 204  204 204 204  204 204 204 204  204 204 204",
  "POST /uploads": "401 401 401 404  201 201 404  201 201 404 201  404 404 401",
  "OPTIONS /uploads/:id": "204 204 204 204  204 204 204  204 204 204 204  204 204 204",
  "HEAD /uploads/:id": "401 401 401 404  200 404 404  404 404 404 404  404 404 401",
  "PATCH /uploads/:id": "401 401 401 404  409 404 404  404 404 404 404  404 404 401",
  "POST /uploads/:id": "401 401 401 404  409 404 404  404 404 404 404  404 404 401",
  "DELETE /uploads/:id": "401 401 401 404  204 404 404  404 404 404 404  404 404 401",
  "OPTIONS *": "204 204 204 204  204 204 204  204 204 204 204  204 204 204",
};

const JSON_TYPE = { "content-type": "application/json" };

/** An access token that has expired, of somebody who is still there. */
async function expiredToken(userId: string): Promise<string> {
  const path = join(world.server.dataFolder, "secrets.json");
  const { authSecret: secret } = JSON.parse(await readFile(path, "utf8")) as { authSecret: string };
  const issue = createTokenIssuer({ secret, clock: () => new Date(Date.now() - 3_600_000) });
  return (await issue({ userId, sessionId: newId() })).accessToken;
}

async function revokedToken(): Promise<string> {
  const { data } = await world.server.gql<{ signIn: { accessToken: string } }>(
    `mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }`,
    { input: { email: world.people.manager.email, password: "filedesk-demo" } },
  );
  const token = data!.signIn.accessToken;
  await world.server.gql("mutation { signOut }", {}, token);
  return token;
}

const newKey = (by: string, companyId: string) =>
  createKey(world.server, by, { companyId, scopes: ["READ", "UPLOAD", "MANAGE"] });

async function foreignCompany(): Promise<string> {
  const [company] = await world.server.database.sql<
    { id: string }[]
  >`select id from companies where slug = 'globex'`;
  return company!.id;
}

async function revokedKey(companyId: string): Promise<string> {
  const { token } = world.people.manager;
  const { id, token: key } = await newKey(token, companyId);
  await revokeKey(world.server, token, id);
  return key;
}

async function setLogo(companyId: string, logo: File): Promise<void> {
  const { client } = world.people.manager;
  await client.mutate({ mutation: SetCompanyLogoDocument, variables: { input: { companyId, file: logo } } });
}

/**
 * The routes that Fastify prints as a tree, such as `GET /files/:id/:name`. The tree of prefixes: the one of whole paths
 * leaves out paths that end in a wildcard.
 */
function routesIn(tree: string): string[] {
  const parents: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent = "", part, methods] = /^(.*?)[├└]── (.+?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (part === undefined) return [];
    const depth = indent.length / 4;
    parents[depth] = (depth === 0 ? "" : parents[depth - 1]) + (part === "(empty root node)" ? "" : part);
    return methods ? methods.split(", ").map((method) => `${method} ${parents[depth]}`) : [];
  });
}

async function answerTo({ method, path, headers, body }: Asked, token: string | undefined) {
  const abort = new AbortController();
  const response = await fetch(`${world.server.url}${path}`, {
    method,
    headers: { ...headers, ...bearer(token) },
    redirect: "manual",
    signal: abort.signal,
    ...(body !== undefined && { body }),
  });
  // An event stream does not end by itself.
  abort.abort();
  return response;
}

const JSON_POLICY = "default-src 'none'; frame-ancestors 'none'";
/** Files may be shown in a page of another origin. */
const FILE_POLICY = "default-src 'none'; sandbox";

/** Who may keep the answers of a route; nobody by default, and nobody keeps a refusal. */
const KEPT: Readonly<Record<string, string>> = {
  files: "private, max-age=0",
  attachments: "private, max-age=0",
  public: "public, max-age=60",
};

/** An old address of a public file. */
const PUBLIC_ADDRESS = "/legacy/uploads/logo.jpg";

/** What every answer says about itself, whatever it answers. */
function headersExpected({ path }: Asked, { status }: Response) {
  const cached = status === 200 ? KEPT[path.split("/")[1]!] : undefined;
  const redirected = path === PUBLIC_ADDRESS ? KEPT.public : undefined;
  return {
    "cache-control": cached ?? redirected ?? "no-store",
    "content-security-policy": cached ? FILE_POLICY : JSON_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}

const headersOf = ({ headers }: Response, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, headers.get(name)]));

interface Furniture {
  readonly companyId: string;
  readonly ticketId: string;
  readonly conversationId: string;
  readonly attached: { readonly id: string; readonly mediaFile: { readonly id: string } | null };
  readonly said: { readonly attachments: { readonly nodes: readonly { readonly id: string }[] } };
}

/** A request for each row of the walk. */
async function requestsFor({
  companyId,
  ticketId,
  conversationId,
  attached,
  said,
}: Furniture): Promise<Record<string, Asked>> {
  const { server } = world;
  const [logo] = await server.database.sql<{ id: string }[]>`
    select id from media_files where company_id = ${companyId} and bucket = 'COMPANY_LOGOS'`;
  await server.database.sql`insert into legacy_paths (id, company_id, path, media_file_id) values
    (${newId()}, ${companyId}, 'uploads/logo.jpg', ${logo!.id}),
    (${newId()}, ${companyId}, 'uploads/2019/lamp.jpg', ${attached.mediaFile!.id})`;
  const start = { bucket: "ATTACHMENTS", companyId, fileName: "note.txt", size: 4 } as const;
  const upload = async () =>
    new URL((await startUpload({ url: server.url, token: tokens.customer }, start)).url).pathname;
  const get = (path: string): Asked => ({ method: "GET", path });
  const head = (path: string): Asked => ({ method: "HEAD", path });
  const tus = (method: string, path: string, headers: Record<string, string> = {}): Asked => ({
    method,
    path,
    headers: { ...TUS, ...headers },
  });
  const file = `/files/${attached.mediaFile?.id}`;
  const attachment = `/attachments/${attached.id}`;
  const ofGuest = `/attachments/${said.attachments.nodes[0]!.id}`;
  const stream = `subscription { ticketEvents(ticketId: "${ticketId}") { cursor } }`;
  const created = Buffer.from(companyId).toString("base64");
  const metadata = `bucket ${Buffer.from("ATTACHMENTS").toString("base64")},companyId ${created},filename ${Buffer.from("a.txt").toString("base64")}`;
  return {
    "GET /healthz": get("/healthz"),
    "HEAD /healthz": head("/healthz"),
    "GET /readyz": get("/readyz"),
    "HEAD /readyz": head("/readyz"),
    "GET /events (a ticket)": get(`/events?topic=ticket:${ticketId}`),
    "GET /events (a conversation)": get(`/events?topic=conversation:${conversationId}`),
    "GET /events (a library)": get(`/events?topic=media:${companyId}`),
    "GET /graphql": {
      ...get(`/graphql?query=${encodeURIComponent(stream)}`),
      headers: { accept: "text/event-stream" },
    },
    "POST /graphql": {
      method: "POST",
      path: "/graphql",
      headers: JSON_TYPE,
      body: JSON.stringify({ query: "{ viewer { id } }" }),
    },
    "GET /files/:id/:name|:variant": get(`${file}/lamp.jpg`),
    "HEAD /files/:id/:name|:variant": head(`${file}/lamp.jpg`),
    "GET /files/:id/:name|:variant/:name": get(`${file}/thumbnail/lamp.jpg`),
    "HEAD /files/:id/:name|:variant/:name": head(`${file}/thumbnail/lamp.jpg`),
    "GET /attachments/:id/:name|:variant": get(`${attachment}/lamp.jpg`),
    "GET /attachments/:id/:name|:variant (of a guest)": get(`${ofGuest}/room.jpg`),
    "HEAD /attachments/:id/:name|:variant": head(`${attachment}/lamp.jpg`),
    "GET /attachments/:id/:name|:variant/:name": get(`${attachment}/thumbnail/lamp.jpg`),
    "HEAD /attachments/:id/:name|:variant/:name": head(`${attachment}/thumbnail/lamp.jpg`),
    "GET /public/:id/:variant/:name": get(`/public/${logo!.id}/logo/logo.jpg`),
    "GET /public/:id/:variant/:name (a private file)": get(
      `/public/${attached.mediaFile?.id}/thumbnail/lamp.jpg`,
    ),
    "HEAD /public/:id/:variant/:name": head(`/public/${logo!.id}/logo/logo.jpg`),
    "GET /legacy/*": get(PUBLIC_ADDRESS),
    "GET /legacy/* (a private file)": get("/legacy/uploads/2019/lamp.jpg"),
    "GET /legacy/* (an unknown address)": get("/legacy/uploads/2019/none.jpg"),
    "HEAD /legacy/*": head("/legacy/uploads/2019/lamp.jpg"),
    "OPTIONS /uploads": tus("OPTIONS", "/uploads"),
    "POST /uploads": tus("POST", "/uploads", { "upload-length": "4", "upload-metadata": metadata }),
    "OPTIONS /uploads/:id": tus("OPTIONS", await upload()),
    "HEAD /uploads/:id": tus("HEAD", await upload()),
    "PATCH /uploads/:id": {
      ...tus("PATCH", await upload(), { ...BYTES, "upload-offset": "9" }),
      body: "text",
    },
    "POST /uploads/:id": {
      ...tus("POST", await upload(), { ...BYTES, "upload-offset": "9", "x-http-method-override": "PATCH" }),
      body: "text",
    },
    "DELETE /uploads/:id": tus("DELETE", await upload()),
    "OPTIONS *": {
      method: "OPTIONS",
      path: "/graphql",
      headers: { origin: "https://elsewhere.example", "access-control-request-method": "POST" },
    },
  };
}

/** The codes of all callers for one request, such as "401 401 … 200". */
async function rowOf(name: string): Promise<string> {
  const codes: number[] = [];
  for (const caller of CALLERS) {
    const response = await answerTo(asked[name]!, tokens[caller]);
    const headers = headersExpected(asked[name]!, response);
    expect({ caller, ...headersOf(response, Object.keys(headers)) }).toEqual({ caller, ...headers });
    codes.push(response.status);
  }
  return codes.join(" ");
}

describe("the walk over the routes", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    const { server, people } = world;
    const companyId = await world.newCompany();
    const photo = () => makeJpeg({ width: 64, height: 48 });
    const picture = async (name: string) =>
      new File([new Uint8Array(await photo())], name, { type: "image/jpeg" });
    const ticket = await world.openTicket(people.requester, { companyId });
    const [attached] = await world.attach(people.requester, {
      ticketId: ticket.id,
      files: [await picture("lamp.jpg")],
    });
    const conversationId = await world.start({ companyId });
    const guest = await world.guestIn(conversationId);
    const said = await world.say(guest, conversationId, {
      body: "Here.",
      files: [await picture("room.jpg")],
    });
    await setLogo(companyId, await picture("logo.jpg"));
    await renderPending(server);
    tokens = {
      nobody: undefined,
      expired: await expiredToken(people.manager.id),
      revoked: await revokedToken(),
      guest: guest.token,
      customer: people.requester.token,
      "other customer": people.participant.token,
      "foreign customer": people.stranger.token,
      agent: people.agent.token,
      manager: people.manager.token,
      "foreign manager": people.outsideManager.token,
      admin: people.admin.token,
      key: (await newKey(people.manager.token, companyId)).token,
      "foreign key": (await newKey(people.outsideManager.token, await foreignCompany())).token,
      "revoked key": await revokedKey(companyId),
    };
    asked = await requestsFor({ companyId, ticketId: ticket.id, conversationId, attached: attached!, said });
  });

  afterAll(() => world.close());

  it("has a row for each route", async () => {
    const { services, database, feed, dataFolder } = world.server;
    const config = readConfig({ NODE_ENV: "test", FILEDESK_DATA: dataFolder });
    const app = await createHttp({ config, services, database, feed, log: pino({ level: "silent" }) });
    await app.ready();
    const tree = app.printRoutes();
    await app.close();
    const routes = routesIn(tree).sort();
    const walked = new Set(Object.keys(WALK).map((name) => name.replace(/ \(.*/, "")));
    expect([...walked].sort()).toEqual(routes);
  });

  it.each(Object.entries(WALK))("answers %s", async (name, expected) => {
    expect({ callers: CALLERS.join(", "), codes: await rowOf(name) }).toEqual({
      callers: CALLERS.join(", "),
      codes: expected.replaceAll(/ +/g, " ").trim(),
    });
  });

  it.each<[string, number, Asked]>([
    ["a path without a route", 404, { method: "GET", path: "/nothing" }],
    ["another method", 405, { method: "PUT", path: "/graphql" }],
    ["a path that cannot be decoded", 400, { method: "GET", path: "/files/%ff/a" }],
    [
      "a type that is not accepted",
      406,
      { method: "POST", path: "/graphql", headers: { accept: "text/css" } },
    ],
    ["a body that is no JSON", 400, { method: "POST", path: "/graphql", headers: JSON_TYPE, body: "{" }],
    [
      "a body of another type",
      415,
      { method: "POST", path: "/graphql", headers: { "content-type": "a/b" }, body: "a" },
    ],
    [
      "a page of another origin",
      400,
      {
        method: "GET",
        path: "/graphql?query={viewer{id}}",
        headers: { origin: "https://elsewhere.example" },
      },
    ],
  ])("answers %s with %i, and the same headers", async (_what, status, request) => {
    const response = await answerTo(request, undefined);
    const headers = headersExpected(request, response);
    expect({ status: response.status, ...headersOf(response, Object.keys(headers)) }).toEqual({
      status,
      ...headers,
    });
  });

  it("answers what is no request with the same headers", async () => {
    const socket = connect(Number(new URL(world.server.url).port), "127.0.0.1");
    socket.end("GET /graphql HTTP/9\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    for (const line of [JSON_POLICY, "no-referrer", "nosniff", "no-store"])
      expect(answer).toContain(`: ${line}\r\n`);
  });

  it("shows Apollo Sandbox, which has a policy of its own, where browsers get it", async () => {
    const response = await answerTo(
      { method: "GET", path: "/graphql", headers: { accept: "text/html" } },
      undefined,
    );
    expect([response.status, response.headers.get("content-security-policy")]).toEqual([200, null]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});
