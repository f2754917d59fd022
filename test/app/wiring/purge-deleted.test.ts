import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../src/kernel/clock.js";
import { createPurgeAuditEntriesJob } from "../../../src/modules/audit-log/purge-audit-entries.job.js";
import { query } from "../../support/database.js";
import { InviteMemberDocument } from "../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../support/inventory.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;

const mutate = (field: string, id: string) =>
  world.server.gql(`mutation ($id: ID!) { ${field}(id: $id) { id } }`, { id }, world.people.admin.token);

/** A company with a ticket, a reply, a file each, a file that both share, and an invitation. */
async function furnishedCompany() {
  const { requester, agent, manager } = world.people;
  const companyId = await world.newCompany();
  const same = new File(["the same in both"], "same.txt", { type: "text/plain" });
  const ticket = await world.openTicket(requester, { companyId, files: [textFile(), same] });
  await world.addReply(agent, { ticketId: ticket.id, files: [textFile(), same] });
  const input = { companyId, email: "newcomer@example.test", role: "AGENT" } as const;
  await world.server.gql(InviteMemberDocument, { input }, manager.token);
  return { companyId, ticketId: ticket.id };
}

/** As if so many days had passed since. */
const age = (table: "tickets" | "companies", id: string, days: number) =>
  world.server.database.sql.unsafe(
    `update ${table} set deleted_at = deleted_at - interval '${days} days' where id = '${id}'`,
  );

const purge = (dryRun = false) => world.server.services.upkeep.purgeDeleted({ dryRun });

const purgeAuditEntries = () =>
  createPurgeAuditEntriesJob({ db: world.server.database.db, clock: systemClock, auditDays: 0 }).run(
    {},
    new AbortController().signal,
  );

async function rowsOf(companyId: string): Promise<Record<string, number>> {
  const tables = [
    "tickets",
    "replies",
    "attachments",
    "media_files",
    "blobs",
    "media_usages",
    "memberships",
    "invitations",
  ];
  const counts = [...tables, "events"].map(async (table) => {
    const rows = await world.server.database.sql.unsafe(
      `select from ${table} where company_id = '${companyId}'`,
    );
    return [table, rows.length] as const;
  });
  return Object.fromEntries((await Promise.all(counts)).filter(([, count]) => count > 0));
}

async function expectWhole(): Promise<void> {
  const { database, dataFolder } = world.server;
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
}

describe("purge deleted", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });

  afterAll(() => world.close());

  describe("the purge of what was deleted", () => {
    it("tells how far it has come with a company's own rows, 2,000 at a time", async () => {
      const companyId = await world.newCompany();
      const { sql } = world.server.database;
      const topic = `company:${companyId}`;
      await sql`insert into event_topics (topic, company_id, sequence) values (${topic}, ${companyId}, 4500)`;
      await sql`insert into events (topic, sequence, company_id, type, payload)
        select ${topic}, n, ${companyId}::uuid, 'x', '{}' from generate_series(1, 4500) n`;
      await mutate("deleteCompany", companyId);
      await age("companies", companyId, 15);
      const progress: number[] = [];
      const onProgress = ({ done }: { done: number }) => void progress.push(done);
      expect(await world.server.services.upkeep.purgeDeleted({ onProgress })).toMatchObject({ companies: 1 });
      expect(progress).toEqual(expect.arrayContaining([2_000, 4_000]));
      expect(await rowsOf(companyId)).toEqual({});
    });

    it("says in a dry run what the real one does to tickets and their files, and changes nothing", async () => {
      const { companyId, ticketId } = await furnishedCompany();
      await mutate("deleteTicket", ticketId);
      await age("tickets", ticketId, 15);
      const before = await rowsOf(companyId);
      const promised = await purge(true);
      expect(promised).toMatchObject({ companies: 0, tickets: 1, files: 4, blobs: 3 });
      expect(await rowsOf(companyId)).toEqual(before);
      expect(await purge()).toEqual(promised);
      expect(await purge()).toMatchObject({ tickets: 0, files: 0, bytes: 0 });
      const purged = await world.server.database.sql`
        select action, actor_kind as by, count(*)::int as entries from audit_log
        where company_id = ${companyId} and action like '%.purged' group by 1, 2 order by 1`;
      expect([...purged]).toEqual([
        { action: "media-file.purged", by: "server", entries: 4 },
        { action: "ticket.purged", by: "server", entries: 1 },
      ]);
      await expectWhole();
    });

    it("takes a company away with all that is its own, and leaves every other alone", async () => {
      const { companyId } = await furnishedCompany();
      const other = await furnishedCompany();
      const othersBefore = await rowsOf(other.companyId);
      await mutate("deleteCompany", companyId);
      await age("companies", companyId, 13);
      expect(await purge(true)).toMatchObject({ companies: 0, tickets: 0, files: 0 });
      await age("companies", companyId, 2);
      const promised = await purge(true);
      expect(promised).toMatchObject({ companies: 1, tickets: 1, files: 4, blobs: 3 });
      expect(await purge()).toEqual(promised);
      expect(await rowsOf(companyId)).toEqual({});
      expect(await rowsOf(other.companyId)).toEqual(othersBefore);
      const { sql } = world.server.database;
      // Its audit log outlives it for a while.
      const trail = await sql`select action from audit_log
        where subject_id = ${companyId} and action like 'company.%' order by id`;
      expect(trail.map(({ action }) => action)).toEqual([
        "company.created",
        "company.deleted",
        "company.purged",
      ]);
      await expectWhole();
    });

    it("does not begin with a company that can be restored, and what it may have begun with cannot be", async () => {
      const { companyId } = await furnishedCompany();
      await mutate("deleteCompany", companyId);
      expect((await mutate("restoreCompany", companyId)).errors).toBeUndefined();
      await mutate("deleteCompany", companyId);
      await age("companies", companyId, 14);
      expect((await mutate("restoreCompany", companyId)).errors?.[0]?.extensions.code).toBe("GONE");
      expect(await purge()).toMatchObject({ companies: 0 });
    });
  });

  describe("the purge of a large company", () => {
    it("removes its events, and later its audit log, in statements of a bounded number of rows", async () => {
      const { sql } = world.server.database;
      const companyId = await world.newCompany();
      await mutate("deleteCompany", companyId);
      await age("companies", companyId, 15);
      await sql`insert into event_topics (topic, company_id, sequence) select ${companyId}::text || '-' || n, ${companyId}::uuid, 10 from generate_series(1, 700) n`;
      await sql`
      insert into events (topic, sequence, company_id, type, payload)
      select ${companyId}::text || '-' || n, s, ${companyId}::uuid, 'x', '{}' from generate_series(1, 700) n, generate_series(1, 10) s`;
      await sql`
      insert into audit_log (id, company_id, action, subject_type, subject_id, created_at)
      select gen_random_uuid(), ${companyId}::uuid, 'x', 'x', gen_random_uuid(), now() - interval '31 days'
      from generate_series(1, 7000)`;
      // Statement triggers write down how many rows each statement takes away.
      const { ownerUrl } = world.server;
      const trigger = (table: string) =>
        `create trigger note_removal after delete on ${table} referencing old table as gone for each statement execute function note_removal()`;
      await query(
        ownerUrl,
        `create table removals (of_table text, removed int);
        create function note_removal() returns trigger language plpgsql security definer as $$
        begin insert into public.removals select tg_table_name, count(*) from gone; return null; end $$;
        ${trigger("events")};
        ${trigger("audit_log")}`,
      );
      try {
        await purge();
        await purgeAuditEntries();
        const [most] = await query(ownerUrl, "select max(removed), sum(removed)::int from removals");
        expect(most!.sum).toBeGreaterThanOrEqual(14_000);
        expect(most!.max).toBeLessThanOrEqual(2_000);
        expect((await rowsOf(companyId)).events).toBeUndefined();
        const left = await sql`select from audit_log where company_id = ${companyId} and action = 'x'`;
        expect(left).toHaveLength(0);
        expect([...(await sql`select from event_topics where company_id = ${companyId}`)]).toHaveLength(0);
      } finally {
        await query(ownerUrl, "drop function note_removal() cascade; drop table removals");
      }
    });
  });
});
