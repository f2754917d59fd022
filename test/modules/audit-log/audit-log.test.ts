import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { systemClock } from "../../../src/kernel/clock.js";
import { setAuditRetention } from "../../../src/modules/audit-log/audit-purge.repository.js";
import { createPurgeAuditEntriesJob } from "../../../src/modules/audit-log/purge-audit-entries.job.js";
import { AUDIT_ACTIONS, auditResultOf } from "../../../src/modules/identity/audit/audit-action.js";
import { createRefusalLog } from "../../../src/modules/identity/audit/refusal-log.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { query } from "../../support/database.js";
import type { SignedIn, TestServer } from "../../support/test-server.js";
import { startTestServer } from "../../support/test-server.js";

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly result: string;
  readonly actorKind: string;
  readonly actor: { readonly name: string } | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly companyId: string | null;
  readonly subjectType: string;
  readonly subjectId: string | null;
  readonly details: Record<string, unknown> | null;
}

const LOG = `query ($filter: AuditFilter, $first: Int, $after: String, $last: Int, $before: String) {
  auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    nodes { id action result actorKind actor { name } address userAgent companyId subjectType subjectId details } } }`;

let server: TestServer;
let acme: string;
let globex: string;
const people: Record<string, SignedIn> = {};

const read = async (variables: Record<string, unknown>, by: SignedIn) => {
  const { data, errors } = await server.gql<{
    auditLog: { totalCount: number; nodes: Entry[]; pageInfo: Record<string, string> };
  }>(LOG, variables, by.token);
  return { ...data?.auditLog, code: errors?.[0]?.extensions.code } as const;
};

/** Sends a request as a client with a name does, which `fetch` of the test client has not. */
const send = (query: string, variables: object, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });

describe("the audit log", () => {
  beforeAll(async () => {
    server = await startTestServer();
    for (const slug of ["acme", "globex"])
      for (const account of ["manager", "agent", "customer"])
        people[`${account} of ${slug}`] = await server.signInAs(`${account}@${slug}.test`);
    people.admin = await server.signInAs("admin@filedesk.test");
    const companies = await server.database.sql`select id from companies order by slug`;
    [acme, globex] = companies.map(({ id }) => id as string) as [string, string];
  });
  afterAll(() => server.close());

  it("names who did what to what, from where, from the newest entry on", async () => {
    const customer = people["customer of acme"]!;
    const opened = await send(
      `mutation ($input: CreateTicketInput!) { createTicket(input: $input) { id } }`,
      { input: { companyId: acme, subject: "Broken lamp", description: "It flickers." } },
      { authorization: `Bearer ${customer.token}`, "user-agent": "Handset/1.0" },
    );
    const { data } = (await opened.json()) as { data: { createTicket: { id: string } } };
    const ticketId = data.createTicket.id;
    await server.gql(
      `mutation ($id: ID!) { deleteTicket(id: $id) { id } }`,
      { id: ticketId },
      people["manager of acme"]!.token,
    );
    const { nodes } = await read({ filter: { companyId: acme }, first: 2 }, people["manager of acme"]!);
    const ticket = { companyId: acme, subjectType: "ticket", subjectId: ticketId, actorKind: "USER" };
    expect(nodes).toMatchObject([
      { ...ticket, action: "TICKET_DELETED", result: "SUCCEEDED" },
      {
        ...ticket,
        action: "TICKET_OPENED",
        actor: { name: "Clara Novak" },
        address: expect.stringMatching(/^(::ffff:)?127\.0\.0\.1$|^::1$/),
        userAgent: "Handset/1.0",
      },
    ]);
  });

  it("is read in pages, both ways", async () => {
    const manager = people["manager of acme"]!;
    const all = await read({ filter: { companyId: acme }, first: 100 }, manager);
    const ids = all.nodes!.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(4);
    expect(all.totalCount).toBe(ids.length);
    const first = await read({ filter: { companyId: acme }, first: 3 }, manager);
    expect(first.nodes!.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    const after = first.pageInfo!.endCursor;
    const second = await read({ filter: { companyId: acme }, first: 2, after }, manager);
    expect(second.nodes!.map(({ id }) => id)).toEqual(ids.slice(3, 5));
    const last = await read({ filter: { companyId: acme }, last: 2 }, manager);
    expect(last.nodes!.map(({ id }) => id)).toEqual(ids.slice(-2));
  });

  it("is for managers of the company and for administrators", async () => {
    const codes = async (filter: object) =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(people).map(async ([name, by]) => [name, (await read({ filter }, by)).code ?? "ok"]),
        ),
      );
    expect(await codes({ companyId: acme })).toEqual({
      admin: "ok",
      "manager of acme": "ok",
      "agent of acme": "FORBIDDEN",
      "customer of acme": "FORBIDDEN",
      "manager of globex": "NOT_FOUND",
      "agent of globex": "NOT_FOUND",
      "customer of globex": "NOT_FOUND",
    });
    expect(await codes({})).toMatchObject({ admin: "ok", "manager of acme": "FORBIDDEN" });
    const { nodes } = await read({ filter: { companyId: globex }, first: 100 }, people["manager of globex"]!);
    expect(new Set(nodes!.map(({ companyId }) => companyId))).toEqual(new Set([globex]));
  });

  it("is filtered by actor, action, subject and time", async () => {
    const { admin } = people;
    const of = async (filter: object) => (await read({ filter, first: 100 }, admin!)).nodes!;
    const customer = people["customer of acme"]!;
    const [opened] = await of({ actorId: customer.id, action: ["TICKET_OPENED"] });
    expect(opened).toMatchObject({ action: "TICKET_OPENED", companyId: acme });
    const { subjectId } = opened!;
    const actions = async (filter: object) =>
      (await of({ subjectId, ...filter })).map(({ action }) => action);
    expect(await actions({})).toEqual(["TICKET_DELETED", "TICKET_OPENED"]);
    expect(await actions({ subjectType: "reply" })).toEqual([]);
    const { sql } = server.database;
    const [row] = await sql`select created_at as at from audit_log where id = ${opened!.id}`;
    const { at } = row as unknown as { at: Date };
    const justAfter = new Date(at.getTime() + 1);
    expect(await actions({ from: at, to: justAfter })).toEqual(["TICKET_OPENED"]);
    expect(await actions({ from: justAfter })).toEqual(["TICKET_DELETED"]);
    expect(await actions({ to: at })).toEqual([]);
  });

  it("has sign-ins and sign-outs, with the client", async () => {
    const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { refreshToken viewer { user { id } } } }`;
    const input = { email: "agent@globex.test", password: "filedesk-demo" };
    const answer = await send(signIn, { input }, { "user-agent": "Laptop/2.0" });
    const { data } = (await answer.json()) as {
      data: { signIn: { refreshToken: string; viewer: { user: { id: string } } } };
    };
    const { refreshToken, viewer } = data.signIn;
    await server.gql(`mutation ($t: String) { signOut(refreshToken: $t) }`, { t: refreshToken });
    const filter = { actorId: viewer.user.id, subjectType: "session" };
    const { nodes } = await read({ filter, first: 2 }, people.admin!);
    expect(nodes).toMatchObject([
      { action: "SESSION_ENDED", companyId: null },
      { action: "SESSION_OPENED", userAgent: "Laptop/2.0", actor: { name: "Aoife Byrne" } },
    ]);
  });

  it("counts refusals of one kind in one entry a minute, also of sign-ins and downloads", async () => {
    const customer = people["customer of acme"]!;
    const wrong = { input: { email: "agent@acme.test", password: "not this one" } };
    for (let tries = 0; tries < 3; tries++)
      await server.gql(`mutation ($input: SignInInput!) { signIn(input: $input) { expiresAt } }`, wrong);
    for (let tries = 0; tries < 2; tries++) await read({ filter: { companyId: acme } }, customer);
    await fetch(`${server.url}/files/${acme}/x`, { headers: { authorization: `Bearer ${customer.token}` } });
    await fetch(`${server.url}/files/${acme}/x`);
    await server.services.refusals.flush();
    const { nodes } = await read({ filter: { action: ["REQUEST_REFUSED"] }, first: 100 }, people.admin!);
    expect(new Set(nodes!.map(({ result }) => result))).toEqual(new Set(["REFUSED"]));
    const details = nodes!.map(({ details, actorKind, companyId }) => ({
      ...details,
      actorKind,
      companyId,
      since: undefined,
    }));
    expect(details).toEqual(
      expect.arrayContaining([
        { code: "UNAUTHENTICATED", what: "signIn", count: 3, actorKind: "ANONYMOUS", companyId: null },
        { code: "NOT_FOUND", what: "GET /files/:id/:name", count: 1, actorKind: "USER", companyId: acme },
        {
          code: "UNAUTHENTICATED",
          what: "GET /files/:id/:name",
          count: 1,
          actorKind: "ANONYMOUS",
          companyId: null,
        },
      ]),
    );
    const forbidden = details.filter((one) => "code" in one && one.code === "FORBIDDEN");
    expect(forbidden).toContainEqual(
      expect.objectContaining({ what: "auditLog", companyId: acme, actorKind: "USER" }),
    );
    expect(JSON.stringify(nodes)).not.toContain("not this one");
  });

  it("names the account that a wrong password was for, and no other", async () => {
    const customer = people["customer of globex"]!;
    const attempt = (email: string) =>
      server.gql(`mutation ($input: SignInInput!) { signIn(input: $input) { expiresAt } }`, {
        input: { email, password: "not this one" },
      });
    await server.services.refusals.flush();
    await attempt("CUSTOMER@globex.test");
    await attempt("customer@globex.test");
    await attempt("nobody@globex.test");
    await server.services.refusals.flush();
    const of = (filter: object) =>
      read({ filter: { action: ["USER_SIGN_IN_REFUSED"], ...filter } }, people.admin!);
    const { nodes } = await of({ subjectId: customer.id });
    expect(nodes).toMatchObject([
      {
        result: "REFUSED",
        actorKind: "ANONYMOUS",
        address: expect.stringContaining("127.0.0.1"),
        subjectType: "user",
        companyId: null,
        details: { code: "UNAUTHENTICATED", what: "signIn", count: 2 },
      },
    ]);
    const all = (await of({})).nodes!.map(({ subjectId }) => subjectId);
    expect(new Set(all)).toEqual(new Set([customer.id, people["agent of acme"]!.id])); // and that of an earlier test
    expect((await of({ companyId: acme })).nodes).toEqual([]);
  });

  it("counts each failed field by its own name, whatever it is called in the request", async () => {
    const ATTEMPT = 'signIn(input: { email: "agent@acme.test", password: "not this one" }) { expiresAt }';
    await server.services.refusals.flush();
    await server.gql(
      `mutation signOut { a: ${ATTEMPT} ...more } fragment more on Mutation { b: ${ATTEMPT} }`,
    );
    await server.services.refusals.flush();
    const { nodes } = await read({ filter: { action: ["REQUEST_REFUSED"] }, first: 1 }, people.admin!);
    expect(nodes).toMatchObject([{ details: { code: "UNAUTHENTICATED", what: "signIn", count: 2 } }]);
  });

  it("names who was refused a subscription, and a download by a signed URL", async () => {
    const customer = people["customer of acme"]!;
    const { sql } = server.database;
    const signer = server.services.signer;
    const url = signer.sign({ resource: `files/${acme}`, name: "x", viewerId: customer.id });
    expect((await fetch(new URL(url, server.url))).status).toBe(404);
    await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: {
        accept: "text/event-stream",
        "content-type": "application/json",
        authorization: `Bearer ${customer.token}`,
      },
      body: JSON.stringify({
        query: `subscription { mediaFileEvents(companyId: "${acme}") { cursor } }`,
      }),
    }).then((response) => response.text());
    await server.services.refusals.flush();
    const refused =
      await sql`select actor_id, details->>'what' as what, details->>'code' as code from audit_log
      where action = 'request.refused' order by id desc limit 2`;
    expect(new Set(refused.map(({ actor_id }) => actor_id))).toEqual(new Set([customer.id]));
    expect(refused.map(({ what, code }) => `${what} ${code}`).sort()).toEqual([
      "GET /files/:id/:name NOT_FOUND",
      "subscription FORBIDDEN",
    ]);
  });

  it("keeps the refusals of people while anonymous callers flood it, and those of a purged company", async () => {
    const { db, sql } = server.database;
    const refusals = createRefusalLog({ db, clock: () => new Date(), log: pino({ level: "silent" }) });
    const anonymous = (address: string) => ({
      kind: "anonymous" as const,
      client: { address, userAgent: "x".repeat(9_000) },
    });
    for (let n = 0; n < 20_000; n++)
      refusals.record({ viewer: anonymous(`10.0.${n >> 8}.${n & 255}`), code: "NOT_FOUND", what: "flood" });
    const guest = {
      kind: "guest" as const,
      id: acme,
      name: "G",
      companyId: people.admin!.id,
      conversationId: acme,
    };
    refusals.record({ viewer: guest, code: "FORBIDDEN", what: "of a purged company" });
    await refusals.flush();
    const [flood] = await sql`select count(*)::int as entries, sum((details->>'count')::int)::int as refusals,
      max(length(user_agent)) as longest from audit_log where details->>'what' in ('flood', 'others')`;
    expect(flood).toEqual({ entries: 251, refusals: 20_000, longest: 300 });
    const rows = await sql`select company_id from audit_log where details->>'what' = 'of a purged company'`;
    expect([...rows]).toEqual([{ company_id: guest.companyId }]);
  });

  it("keeps the accounts that were tried, whatever else anonymous callers do", async () => {
    const { db, sql } = server.database;
    const refusals = createRefusalLog({ db, clock: () => new Date(), log: pino({ level: "silent" }) });
    for (let n = 0; n < 1_000; n++) {
      const client = { address: `10.1.${n >> 8}.${n & 255}` };
      refusals.record({ viewer: { kind: "anonymous", client }, code: "UNAUTHENTICATED", what: "noise" });
    }
    const { id: userId } = people["customer of acme"]!;
    refusals.recordSignIn({ userId, client: { address: "10.2.0.1" } });
    await refusals.flush();
    const [{ tries } = { tries: 0 }] = await sql<{ tries: number }[]>`
      select count(*)::int as tries from audit_log
      where action = 'user.sign-in-refused' and subject_id = ${userId}`;
    expect(tries).toBe(1);
  });

  it("refuses a filter that is too long", async () => {
    const of = async (filter: object) => (await read({ filter }, people.admin!)).code;
    expect(await of({ subjectType: "x".repeat(51) })).toBe("BAD_USER_INPUT");
    expect(await of({ action: Array(101).fill("TICKET_OPENED") })).toBe("BAD_USER_INPUT");
  });

  it.each(["actorId", "subjectId"])(
    "refuses a filter whose %s is no id, and names the field",
    async (field) => {
      const { errors } = await server.gql(LOG, { filter: { [field]: "x" } }, people.admin!.token);
      expect(errors).toMatchObject([
        { message: expect.stringContaining(field), extensions: { code: "BAD_USER_INPUT" } },
      ]);
    },
  );

  it("says of each action how it ended", () => {
    const others = AUDIT_ACTIONS.filter((action) => auditResultOf(action) !== "succeeded");
    expect(others.map((action) => `${action} ${auditResultOf(action)}`).sort()).toEqual([
      "media-file.infected-upload-refused refused",
      "media-file.rendering-failed failed",
      "request.refused refused",
      "user.sign-in-refused refused",
    ]);
  });

  it("is exported from the oldest entry on, with results", async () => {
    const results = new Set<string>();
    for await (const { action, result } of server.services.audit.exportEntries({}))
      results.add(`${action} ${result}`);
    expect([...results]).toEqual(
      expect.arrayContaining(["request.refused refused", "ticket.opened succeeded"]),
    );

    const ids: string[] = [];
    for await (const { id } of server.services.audit.exportEntries({ companyId: acme })) ids.push(id);
    const { nodes } = await read({ filter: { companyId: acme }, first: 100 }, people.admin!);
    expect(ids).toEqual(nodes!.map(({ id }) => id).reverse());
  });

  it("is kept for ever, or for AUDIT_DAYS", async () => {
    const { sql, db } = server.database;
    const count = async () => (await sql`select count(*)::int as n from audit_log`)[0]!.n as number;
    await query(server.ownerUrl, "update audit_log set created_at = created_at - interval '365 days'");
    const run = (auditDays: number) =>
      createPurgeAuditEntriesJob({ db, clock: systemClock, auditDays }).run({}, new AbortController().signal);
    // Those of a company that is no more go after 30 days.
    await run(0);
    const before = await count();
    await run(0);
    await run(366);
    // The owner of the tables has not allowed it.
    await run(364);
    expect(await count()).toBe(before);
    const owner = connectDatabase(server.ownerUrl, { connections: 1 });
    await setAuditRetention(owner.db, 364).finally(() => owner.close());
    await run(366);
    expect(await count()).toBe(before);
    await run(364);
    expect(await count()).toBe(0);
  });
});
