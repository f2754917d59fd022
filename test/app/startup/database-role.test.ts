import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { createJobs } from "../../../src/app/wiring/jobs.js";
import { setAuditRetention } from "../../../src/modules/audit-log/audit-purge.repository.js";
import { readConfig } from "../../../src/platform/config/config.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import type { ChatWorld } from "../../support/chat-world.js";
import { startChatWorld } from "../../support/chat-world.js";
import { makeJpeg } from "../../support/make-files.js";
import { renderPending } from "../../support/render-pending.js";
import { textFile } from "../../support/ticket-world.js";

/** SQLSTATEs (PostgreSQL Appendix A). */
const REFUSED = "42501";

let world: ChatWorld;
let owner: postgres.Sql;

const outcome = async (statement: string): Promise<string> => {
  try {
    const rows = await world.server.database.sql.unsafe(statement);
    return `done: ${rows.count}`;
  } catch (error) {
    return (error as postgres.PostgresError).code;
  }
};

const expectRefused = async (statements: readonly string[]) => {
  const outcomes = await Promise.all(statements.map(async (each) => [each, await outcome(each)] as const));
  expect(outcomes.filter(([, code]) => code !== REFUSED)).toEqual([]);
};

/** As if they had been written so many days ago. */
const ageEntries = (companyId: string, days: number) =>
  owner`update audit_log set created_at = now() - make_interval(days => ${days}) where company_id = ${companyId}`;

/** What the owner allows to be removed. */
async function keepFor(days: number): Promise<void> {
  const client = connectDatabase(world.server.ownerUrl, { connections: 1 });
  await setAuditRetention(client.db, days).finally(() => client.close());
}

const entriesOf = async (companyId: string) =>
  (await owner`select from audit_log where company_id = ${companyId}`).length;

const runAllJobs = async (settings: Record<string, string> = {}) => {
  const { services, database } = world.server;
  const config = readConfig({ NODE_ENV: "test", DATABASE_URL: world.server.ownerUrl, ...settings });
  for (const job of createJobs({ config, services, database }))
    if (job.cron) await job.run({}, new AbortController().signal);
};

/** Tickets, files, chat, renderings, every recurring job, purges. */
async function doEverything(): Promise<void> {
  const { requester, agent, admin } = world.people;
  const companyId = await world.newCompany();
  const photo = new File([await makeJpeg({ width: 400, height: 300 })], "tap.jpg", { type: "image/jpeg" });
  const ticket = await world.openTicket(requester, { companyId, files: [textFile(), photo] });
  await world.addReply(agent, { ticketId: ticket.id, files: [textFile()] });
  const conversationId = await world.start({ companyId });
  await world.guestIn(conversationId);
  await world.say(agent, conversationId, { body: "Hello", files: [textFile()] });
  await renderPending(world.server);
  const { services, database } = world.server;
  const change = async (text: string) => {
    const { errors } = await world.server.gql(text, {}, admin.token);
    expect(errors).toBeUndefined();
  };
  await change(`mutation { deleteTicket(id: "${ticket.id}") { id } }`);
  await change(`mutation { deleteCompany(id: "${companyId}") { id } }`);
  const { sql } = database;
  for (const table of ["tickets", "companies"])
    await sql.unsafe(`update ${table} set deleted_at = deleted_at - interval '20 days'`);
  expect(await services.upkeep.purgeDeleted({})).toMatchObject({ companies: 1, tickets: 1, files: 4 });
  await runAllJobs();
  expect((await sql`select from companies where id = ${companyId}`).length).toBe(0);
}

describe("a server whose database role owns no table", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    owner = postgres(world.server.ownerUrl, { max: 1, onnotice: () => {} });
  });
  afterAll(async () => {
    await owner?.end();
    await world?.close();
  });

  it("does everything: tickets, files, chat, renderings, every recurring job, purges", async () => {
    await doEverything();
  });

  it("only adds to the audit log", async () => {
    expect(await entriesOf(await world.newCompany())).toBeGreaterThan(0);
    await expectRefused([
      "update audit_log set action = 'x'",
      "update audit_log set created_at = '2000-01-01'",
      "delete from audit_log",
      "truncate audit_log",
      "do $$ begin lock table audit_log in access exclusive mode; end $$",
      "alter table audit_log add column x text",
      "alter table audit_log disable trigger all",
      "alter table audit_log owner to current_user",
      "drop table audit_log",
      "create trigger t before insert on audit_log execute function suppress_redundant_updates_trigger()",
      "create rule r as on insert to audit_log do instead nothing",
      "create index on audit_log (details)",
      "select * from audit_log for update",
      "update audit_retention set days = 1",
      "insert into audit_retention (days) values (1)",
      "delete from audit_retention",
      "drop function purge_audit_entries(timestamptz, integer)",
      "alter function purge_audit_entries(timestamptz, integer) set search_path = public",
      "insert into pgboss.bam (name, version, table_name, command) values ('x', 1, 'x', 'drop table public.audit_log')",
    ]);
    // Postgres only warns that nothing was granted.
    await outcome("grant all on audit_log to current_user");
    const [may] = await world.server.database
      .sql`select has_table_privilege('audit_log', 'UPDATE, DELETE, TRUNCATE, TRIGGER') as change`;
    expect(may).toEqual({ change: false });
  });

  it("owns nothing, and neither alters nor drops nor creates a table", async () => {
    const { sql } = world.server.database;
    const owned = await sql`
      select relname as name from pg_class where pg_has_role(relowner, 'MEMBER')
      union all select nspname from pg_namespace where pg_has_role(nspowner, 'MEMBER')
      union all select proname from pg_proc where pg_has_role(proowner, 'MEMBER')
      union all select datname from pg_database where pg_has_role(datdba, 'MEMBER')`;
    expect([...owned]).toEqual([]);
    const tables = await owner<{ name: string }[]>`
      select schemaname || '.' || quote_ident(tablename) as name from pg_tables
      where schemaname in ('public', 'drizzle', 'pgboss')`;
    expect(tables.length).toBeGreaterThan(30);
    await expectRefused(
      tables.flatMap(({ name }) => [
        `alter table ${name} add column x text`,
        `drop table ${name} cascade`,
        `truncate ${name} cascade`,
      ]),
    );
    const { username } = new URL(world.server.ownerUrl);
    await expectRefused([
      "create table public.mine (id int)",
      "create function public.mine() returns int language sql as 'select 1'",
      "create schema mine",
      "drop schema public cascade",
      "drop schema pgboss cascade",
      `set role ${username}`,
      "alter role current_user superuser",
      "insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 9999999999999)",
    ]);
  });

  it("removes old entries only within what the owner allows", async () => {
    const companyId = await world.newCompany();
    const purgeAll = () =>
      world.server.database.sql`select purge_audit_entries('infinity', 100000) as removed`;
    await ageEntries(companyId, 400);
    const aged = await entriesOf(companyId);
    // Kept for ever, whatever the server's own setting says.
    await runAllJobs({ AUDIT_DAYS: "1" });
    expect([...(await purgeAll())]).toEqual([{ removed: 0 }]);
    await keepFor(401);
    expect([...(await purgeAll())]).toEqual([{ removed: 0 }]);
    expect(await entriesOf(companyId)).toBe(aged);
    await keepFor(399);
    await runAllJobs({ AUDIT_DAYS: "500" });
    expect(await entriesOf(companyId)).toBe(aged);
    await runAllJobs({ AUDIT_DAYS: "399" });
    expect(await entriesOf(companyId)).toBe(0);
    expect((await owner`select from audit_log`).length).toBeGreaterThan(0);
    await keepFor(0);
  });

  it("keeps the entries of a purged company for 30 days, and those of every other", async () => {
    const companyId = await world.newCompany();
    const entries = await entriesOf(companyId);
    const { sql } = world.server.database;
    const purgeOf = async (company: string) =>
      (await sql`select purge_audit_entries_of(${company}, 100000) as removed`)[0]!.removed as number;
    await ageEntries(companyId, 31);
    expect(await purgeOf(companyId)).toBe(0);
    await sql`delete from memberships where company_id = ${companyId}`;
    await sql`delete from companies where id = ${companyId}`;
    await ageEntries(companyId, 29);
    await runAllJobs();
    expect(await entriesOf(companyId)).toBe(entries);
    await ageEntries(companyId, 31);
    await runAllJobs();
    expect(await entriesOf(companyId)).toBe(0);
  });
});

describe("a server whose database role owns the tables", () => {
  beforeAll(async () => {
    world = await startChatWorld({ oneRole: true });
  });
  afterAll(() => world?.close());

  it("does everything as well", async () => {
    const [role] = await world.server.database.sql`select tableowner = current_user as owns from pg_tables
      where tablename = 'audit_log'`;
    expect(role).toEqual({ owns: true });
    await doEverything();
  });

  it("starts again, and keeps what its one role may do", async () => {
    await world.server.restart();
    const companyId = await world.newCompany();
    const { sql } = world.server.database;
    expect((await sql`delete from audit_log where company_id = ${companyId}`).count).toBeGreaterThan(0);
  });
});
