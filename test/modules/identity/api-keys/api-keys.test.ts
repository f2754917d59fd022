import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { KeyOptions, TestKey } from "../../../support/api-keys.js";
import { askForKey, createKey, revokeKey } from "../../../support/api-keys.js";
import { times } from "../../../support/feed-world.js";
import { bearer, codeIn } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

const MOST = 4;
const DAY_MS = 86_400_000;

let world: TicketWorld;
const statements: string[] = [];

const sql = () => world.server.database.sql;
const manager = () => world.people.manager;

const newKey = async (
  companyId: string,
  options: Partial<KeyOptions> = {},
  by: SignedIn = manager(),
): Promise<TestKey> => createKey(world.server, by.token, { companyId, scopes: ["READ"], ...options });

const LIST = `query ($companyId: ID!, $first: Int, $after: String) {
  apiKeys(companyId: $companyId, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id name prefix scopes createdBy { id } company { id } createdAt expiresAt lastUsedAt revokedAt }
  }
}`;

interface Listed {
  readonly apiKeys: {
    readonly totalCount: number;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    readonly nodes: readonly Readonly<Record<string, unknown>>[];
  };
}

async function keysOf(companyId: string, page: object = {}) {
  const { data } = await world.server.gql<Listed>(LIST, { companyId, ...page }, manager().token);
  return data!.apiKeys;
}

const WHO = "{ viewer { id user { id } guest { id } apiKey { id name scopes company { id } } } }";

/** What a key is told that asks for the files of its company: "ok", or the message of the refusal. */
async function toldTo({ token }: Pick<TestKey, "token">, companyId: string): Promise<string> {
  const query = "query ($id: ID!) { mediaFiles(companyId: $id) { totalCount } }";
  const answer = await world.server.gql(query, { id: companyId }, token);
  if (answer.errors) expect(codeIn(answer)).toBe("UNAUTHENTICATED");
  return answer.errors?.[0]?.message ?? "ok";
}

describe("API keys", () => {
  beforeAll(async () => {
    world = await startTicketWorld({
      env: { API_KEYS: String(MOST) },
      onStatement: (statement) => statements.push(statement),
    });
  });

  afterAll(() => world?.close());

  it("are shown once, and stored as a hash of all of it", async () => {
    const companyId = await world.newCompany();
    const { data } = await askForKey(world.server, manager().token, {
      companyId,
      scopes: ["UPLOAD", "READ"],
      name: "Course platform",
    });
    const { key, apiKey } = data!.createApiKey!;
    expect(key).toMatch(/^fdk_[0-9a-f]{64}$/);
    expect(apiKey).toMatchObject({
      name: "Course platform",
      prefix: key.slice(0, 12),
      scopes: ["READ", "UPLOAD"],
      createdBy: { id: manager().id },
      company: { id: companyId },
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
    });
    const rows = await sql()`select * from api_keys where id = ${apiKey.id}`;
    expect(rows[0]!.key_hash).toBe(createHash("sha256").update(key).digest("hex"));
    expect(JSON.stringify(rows)).not.toContain(key.slice(12));
    expect(JSON.stringify(await keysOf(companyId))).not.toContain(key.slice(12));
  });

  it("ask as themselves, in one look-up by an index", async () => {
    const companyId = await world.newCompany();
    const { id, token } = await newKey(companyId);
    const { data } = await world.server.gql(WHO, {}, token);
    expect(data).toEqual({
      viewer: {
        id,
        user: null,
        guest: null,
        apiKey: { id, name: "Course platform", scopes: ["READ"], company: { id: companyId } },
      },
    });
    statements.length = 0;
    await world.server.gql("{ __typename }", {}, token);
    expect(statements.filter((statement) => statement.includes("api_keys"))).toHaveLength(1);
    const plan = await sql()`explain select * from api_keys where key_hash = ${"0".repeat(64)}`;
    await sql().begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      expect(
        JSON.stringify(await tx`explain select * from api_keys where key_hash = ${"0".repeat(64)}`),
      ).toContain("api_keys_by_hash");
    });
    expect(plan.length).toBeGreaterThan(0);
  });

  it("know when they were last used, to a minute, with one write", async () => {
    const companyId = await world.newCompany();
    const { id, token } = await newKey(companyId);
    statements.length = 0;
    await times(8, () => world.server.gql(WHO, {}, token));
    await world.server.gql(WHO, {}, token);
    const [used] = (await keysOf(companyId)).nodes;
    expect(Date.now() - Date.parse(String(used!.lastUsedAt))).toBeLessThan(60_000);
    await world.server.gql(WHO, {}, token);
    expect((await keysOf(companyId)).nodes[0]!.lastUsedAt).toBe(used!.lastUsedAt);
    await sql()`update api_keys set last_used_at = now() - interval '2 minutes' where id = ${id}`;
    await world.server.gql(WHO, {}, token);
    const [again] = (await keysOf(companyId)).nodes;
    expect(Date.parse(String(again!.lastUsedAt))).toBeGreaterThanOrEqual(
      Date.parse(String(used!.lastUsedAt)),
    );
  });

  it("are created, listed and revoked by managers and administrators alone", async () => {
    const companyId = await world.newCompany();
    const { people, server } = world;
    const { id } = await newKey(companyId, {}, people.admin);
    const ask = async (token: string | undefined) => [
      codeIn(await askForKey(server, token, { companyId, scopes: ["READ"] })),
      codeIn(await server.gql(LIST, { companyId }, token)),
      codeIn(await revokeKey(server, token ?? "", id)),
    ];
    expect(await ask(people.agent.token)).toEqual(["FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]);
    expect(await ask(people.requester.token)).toEqual(["FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]);
    expect(await ask(people.outsideManager.token)).toEqual(["NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
    const key = await newKey(companyId, { scopes: ["READ", "UPLOAD", "MANAGE"] });
    expect(await ask(key.token)).toEqual(["FORBIDDEN", "FORBIDDEN", "NOT_FOUND"]);
    expect(codeIn(await revokeKey(server, people.manager.token, id))).toBe("ok");
  });

  it.each([
    ["a long name", { name: "n".repeat(101) }],
    ["an empty name", { name: " " }],
    ["no scope", { scopes: [] }],
    ["a scope twice", { scopes: ["READ", "READ"] as const }],
    ["an end in the past", { expiresAt: new Date(Date.now() - 1_000).toISOString() }],
  ])("are not created with %s", async (_what, input) => {
    const companyId = await world.newCompany();
    const answer = await askForKey(world.server, manager().token, { companyId, scopes: ["READ"], ...input });
    expect(codeIn(answer)).toBe("BAD_USER_INPUT");
  });

  it("are as many as a company may have, also when all are asked for at once", async () => {
    const companyId = await world.newCompany();
    const ask = () => askForKey(world.server, manager().token, { companyId, scopes: ["READ"] });
    const answers = await times(MOST + 3, ask);
    expect(answers.filter((answer) => codeIn(answer) === "ok")).toHaveLength(MOST);
    expect(answers.filter((answer) => codeIn(answer) === "QUOTA_EXCEEDED")).toHaveLength(3);
    const [newest] = (await keysOf(companyId)).nodes;
    await revokeKey(world.server, manager().token, String(newest!.id));
    expect(codeIn(await ask())).toBe("ok");
    // Those that have ended do not count.
    await sql()`update api_keys set expires_at = now() where company_id = ${companyId}`;
    expect(codeIn(await ask())).toBe("ok");
  });

  it("are listed page by page, the newest first, those that have ended among them", async () => {
    const companyId = await world.newCompany();
    const made: string[] = [];
    for (const _ of [1, 2, 3]) made.unshift((await newKey(companyId)).id);
    await revokeKey(world.server, manager().token, made[1]!);
    const first = await keysOf(companyId, { first: 2 });
    expect(first.totalCount).toBe(3);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await keysOf(companyId, { first: 2, after: first.pageInfo.endCursor });
    const all = [...first.nodes, ...second.nodes];
    expect(all.map(({ id }) => id)).toEqual(made);
    expect(all.map(({ revokedAt }) => revokedAt !== null)).toEqual([false, true, false]);
  });

  it("that read like no key are refused, in every place but the header", async () => {
    const companyId = await world.newCompany();
    const { token } = await newKey(companyId);
    const wrong = token.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    for (const text of [wrong, token.slice(0, -1), `${token}0`, token.toUpperCase(), "fdk_"])
      expect(await toldTo({ token: text }, companyId)).toMatch(
        text.startsWith("FDK") ? /^Sign in first/ : /^This API key is not valid: no key reads like it/,
      );
    const { url } = world.server;
    const query = "query={viewer{id}}";
    for (const where of ["access_token", "api_key", "key", "token", "authorization"]) {
      const headers = { "apollo-require-preflight": "true" };
      const response = await fetch(`${url}/graphql?${query}&${where}=${token}`, { headers });
      expect(await response.json()).toEqual({ data: { viewer: null } });
    }
    const basic = Buffer.from(`${token}:`).toString("base64");
    const headers = {
      "apollo-require-preflight": "true",
      authorization: `Basic ${basic}`,
      "x-api-key": token,
    };
    const response = await fetch(`${url}/graphql?${query}`, { headers });
    expect(await response.json()).toEqual({ data: { viewer: null } });
    expect(
      (await fetch(`${url}/graphql?${query}`, { headers: { ...headers, ...bearer(token) } })).status,
    ).toBe(200);
  });

  it("end when they are revoked, once and for all", async () => {
    const companyId = await world.newCompany();
    const key = await newKey(companyId);
    expect(await toldTo(key, companyId)).toBe("ok");
    const first = await revokeKey(world.server, manager().token, key.id);
    expect(await toldTo(key, companyId)).toBe("This API key has been revoked: use another one.");
    const again = await revokeKey(world.server, manager().token, key.id);
    expect(again.data).toEqual(first.data);
  });

  it("end when they expire, by the clock", async () => {
    const companyId = await world.newCompany();
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const key = await newKey(companyId, { expiresAt });
    expect(await toldTo(key, companyId)).toBe("ok");
    while (Date.now() <= Date.parse(expiresAt)) await world.server.gql("{ __typename }");
    expect(await toldTo(key, companyId)).toBe("This API key has expired: create another one.");
  });

  it("end with their company, and work again when it is restored", async () => {
    const companyId = await world.newCompany();
    const key = await newKey(companyId);
    const { admin } = world.people;
    await world.server.gql(
      "mutation ($id: ID!) { deleteCompany(id: $id) { id } }",
      { id: companyId },
      admin.token,
    );
    expect(await toldTo(key, companyId)).toMatch(/its company has been deleted/);
    await world.server.gql(
      "mutation ($id: ID!) { restoreCompany(id: $id) { id } }",
      { id: companyId },
      admin.token,
    );
    expect(await toldTo(key, companyId)).toBe("ok");
  });

  it.each([
    ["loses the membership", (id: string) => sql()`delete from memberships where user_id = ${id}`],
    ["becomes an agent", (id: string) => sql()`update memberships set role = 'AGENT' where user_id = ${id}`],
    ["is locked out", (id: string) => sql()`update users set deactivated_at = now() where id = ${id}`],
  ])("end when whoever created them %s; those of the operator do not", async (_what, end) => {
    const companyId = await world.newCompany();
    const { id, email } = await newManager(companyId);
    const key = await newKey(companyId, {}, await world.server.signInAs(email));
    const { apiKeys } = world.server.services;
    const kept = await apiKeys.forOperator.create({ companyId, name: "Operator", scopes: ["READ"] });
    expect(await toldTo(key, companyId)).toBe("ok");
    await end(id);
    expect(await toldTo(key, companyId)).toMatch(/who created it does not manage the company any more/);
    expect(await toldTo({ token: kept.key }, companyId)).toBe("ok");
  });

  it("end when an administrator who created them is none any more", async () => {
    const companyId = await world.newCompany();
    const { id, email } = await newManager(companyId);
    await sql()`update users set is_admin = true where id = ${id}`;
    await sql()`delete from memberships where user_id = ${id}`;
    const key = await newKey(companyId, {}, await world.server.signInAs(email));
    expect(await toldTo(key, companyId)).toBe("ok");
    await sql()`update users set is_admin = false where id = ${id}`;
    expect(await toldTo(key, companyId)).toMatch(/does not manage the company any more/);
  });

  it("are in the audit log, as what was done to them and as what they do", async () => {
    const companyId = await world.newCompany();
    const key = await newKey(companyId, { scopes: ["MANAGE"] });
    const upload = `mutation ($id: ID!) { removeCompanyLogo(companyId: $id) { id } }`;
    await world.server.gql(upload, { id: companyId }, key.token);
    await sql()`insert into audit_log (id, company_id, actor_kind, actor_id, action, subject_type, subject_id)
      values (gen_random_uuid(), ${companyId}, 'api-key', ${key.id}, 'media-file.downloaded', 'media-file', gen_random_uuid())`;
    await revokeKey(world.server, manager().token, key.id);
    const LOG = `query ($filter: AuditFilter) { auditLog(filter: $filter) {
      nodes { action actorKind actorId actor { __typename id name } subjectType details } } }`;
    const { data } = await world.server.gql<{ auditLog: { nodes: readonly object[] } }>(
      LOG,
      { filter: { companyId } },
      manager().token,
    );
    const [revoked, done, created] = data!.auditLog.nodes;
    expect(revoked).toMatchObject({ action: "API_KEY_REVOKED", actorKind: "USER", subjectType: "api-key" });
    expect(done).toMatchObject({
      actorKind: "API_KEY",
      actor: { __typename: "ApiKey", id: key.id, name: "Course platform" },
    });
    expect(created).toMatchObject({ action: "API_KEY_CREATED", details: { scopes: ["MANAGE"] } });
    expect(JSON.stringify(data)).not.toContain(key.token.slice(12));
  });

  it("tell nobody but managers, and the key itself, more than their name", async () => {
    const companyId = await world.newCompany();
    const key = await newKey(companyId, {
      scopes: ["UPLOAD"],
      expiresAt: new Date(Date.now() + DAY_MS).toISOString(),
    });
    const input = { companyId, bucket: "PUBLIC_PAGES", fileName: "a.png", size: 9 };
    expect(
      codeIn(
        await world.server.gql(
          "mutation ($input: StartUploadInput!) { startUpload(input: $input) { id } }",
          { input },
          key.token,
        ),
      ),
    ).toBe("ok");
    await sql()`insert into audit_log (id, company_id, actor_kind, actor_id, action, subject_type)
      values (gen_random_uuid(), ${companyId}, 'api-key', ${key.id}, 'request.refused', 'request')`;
    const details = "prefix scopes createdAt expiresAt createdBy { id } company { id }";
    const { data } = await world.server.gql<{ viewer: { apiKey: Record<string, unknown> } }>(
      `{ viewer { apiKey { ${details} } } }`,
      {},
      key.token,
    );
    expect(Object.values(data!.viewer.apiKey).includes(null)).toBe(false);
  });
});

let made = 0;

/** Somebody who manages this company and nothing else. */
async function newManager(companyId: string): Promise<{ id: string; email: string }> {
  const email = `keeper${++made}@example.test`;
  const { admin } = world.people;
  const input = { email, name: "Keeper", password: "filedesk-demo" };
  await world.server.gql(
    "mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }",
    { input },
    admin.token,
  );
  const member = { companyId, email, role: "MANAGER" };
  await world.server.gql(
    "mutation ($input: SetMembershipInput!) { setMembership(input: $input) { id } }",
    { input: member },
    admin.token,
  );
  return { id: (await world.server.signInAs(email)).id, email };
}
