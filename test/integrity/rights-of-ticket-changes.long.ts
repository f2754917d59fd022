import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type postgres from "postgres";
import type { TicketChange, TicketScene } from "../support/changes-to-tickets.js";
import { CHANGES_TO_TICKETS, makeTicketScene, mutateAs } from "../support/changes-to-tickets.js";
import type { ChatWorld, Speaker } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { overtaken } from "../support/overtaken.js";
import { TICKET_CHANGES } from "../support/rights-tables.js";
import { textFile } from "../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;

const run = (person: Speaker, name: string, args: Readonly<Record<string, unknown>>) =>
  mutateAs(world, person, name, args);
const setUp = (by = world.people.manager) => makeTicketScene(world, companyId, by);

/** The scene for a mutation of the table, and the mutation. */
async function prepare(name: TicketChange, by = world.people.manager) {
  const { after, args } = CHANGES_TO_TICKETS[name];
  const scene = await setUp(by);
  if (after) expect((await run(by, after, CHANGES_TO_TICKETS[after].args(scene))).code).toBe("ok");
  return { scene, change: async () => (await run(by, name, args(scene))).code };
}

/** Whatever may be written, apart from what ends rights. */
async function everything() {
  const { sql } = world.server.database;
  const tables = [
    ...["tickets", "ticket_participants", "replies", "media_posts", "media_post_files", "attachments"],
    ...["media_files", "media_usages", "blobs", "events", "audit_log"],
  ];
  const hashes = tables.map(async (table) => {
    const rows =
      await sql`select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as hash from ${sql(table)} t`;
    return [table, rows[0]!.hash];
  });
  return Object.fromEntries(await Promise.all(hashes));
}

/** Ends a right of a person's to what hangs on a ticket, and gives it back. */
interface End {
  readonly what: string;
  readonly code: string;
  readonly end: (sql: postgres.ISql, id: string, ticketId: string) => Promise<unknown>;
  readonly undo: (sql: postgres.ISql, id: string, ticketId: string) => Promise<unknown>;
}

const MADE_CUSTOMER: End = {
  what: "the manager has been made a customer",
  code: "NOT_FOUND",
  end: (sql, id) => sql`update memberships set role = 'CUSTOMER'
    where user_id = ${id} and company_id = ${companyId}`,
  undo: (sql, id) => sql`update memberships set role = 'MANAGER'
    where user_id = ${id} and company_id = ${companyId}`,
};

const ENDS: readonly End[] = [
  {
    what: "the membership has ended",
    code: "NOT_FOUND",
    end: (sql, id) => sql`delete from memberships where user_id = ${id} and company_id = ${companyId}`,
    undo: (sql, id) => sql`insert into memberships (id, user_id, company_id, role)
      values (gen_random_uuid(), ${id}, ${companyId}, 'MANAGER')`,
  },
  {
    what: "the session has ended",
    code: "UNAUTHENTICATED",
    end: (sql, id) => sql`update sessions set revoked_at = now() where user_id = ${id}`,
    undo: (sql, id) => sql`update sessions set revoked_at = null where user_id = ${id}`,
  },
  {
    what: "the account has ended",
    code: "UNAUTHENTICATED",
    end: (sql, id) => sql`update users set deactivated_at = now() where id = ${id}`,
    undo: (sql, id) => sql`update users set deactivated_at = null where id = ${id}`,
  },
];

const TICKET_DELETED: End = {
  what: "the ticket has been deleted",
  code: "GONE",
  end: (sql, _id, ticketId) => sql`update tickets set deleted_at = now() where id = ${ticketId}`,
  undo: (sql, _id, ticketId) => sql`update tickets set deleted_at = null where id = ${ticketId}`,
};

/** Runs into each of the ends in turn, and then once with all rights. */
async function expectRefusedBy(
  ends: readonly End[],
  ticketId: string,
  change: () => Promise<string>,
): Promise<void> {
  const { sql } = world.server.database;
  const { id } = world.people.manager;
  const before = await everything();
  for (const { what, code, end, undo } of ends) {
    const told = await overtaken(sql, (tx) => end(tx, id, ticketId), change);
    await undo(sql, id, ticketId);
    expect([what, told]).toEqual([what, code]);
    expect([what, await everything()]).toEqual([what, before]);
  }
  expect(await change()).toBe("ok");
  expect(await everything()).not.toEqual(before);
}

describe("rights of ticket changes", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe.each(TICKET_CHANGES)("%s", (name) => {
    it("is refused when a right of whoever asks has ended before the commit, and writes nothing", async () => {
      const { change, scene } = await prepare(name);
      const ends = [...ENDS, MADE_CUSTOMER, ...(name === "restoreTicket" ? [] : [TICKET_DELETED])];
      await expectRefusedBy(ends, scene.ticketId, change);
    });
  });

  describe("without files", () => {
    it("a ticket is not opened, a reply not added and a library's photo not posted by who may no more", async () => {
      const { manager } = world.people;
      const { ticketId, photoIds } = await setUp();
      const add = (name: string, input: object) => async () => (await run(manager, name, { input })).code;
      await expectRefusedBy(ENDS, ticketId, add("createTicket", { companyId, subject: "Late" }));
      const ends = [...ENDS, MADE_CUSTOMER, TICKET_DELETED];
      await expectRefusedBy(ends, ticketId, add("addReply", { ticketId, body: "Late" }));
      await expectRefusedBy(ends, ticketId, add("createPhoto", { ticketId, mediaFileId: photoIds[0] }));
    });
  });

  it("keeps who takes part in a ticket no more from changing what they said", async () => {
    const { participant } = world.people;
    const { scene, change } = await prepare("updateReply", participant);
    const { ticketId } = scene;
    const leave = (
      tx: postgres.ISql,
    ) => tx`with locked as (select from tickets where id = ${ticketId} for no key update)
    delete from ticket_participants where user_id = ${participant.id} and exists (select from locked)`;
    expect(await overtaken(world.server.database.sql, leave, change)).toBe("NOT_FOUND");
  });

  describe("a ticket", () => {
    const leave = (tx: postgres.ISql) =>
      tx`delete from memberships where user_id = ${world.people.agent.id} and company_id = ${companyId}`;
    const comeBack = (role: string) => world.server.database.sql`
    insert into memberships (id, user_id, company_id, role)
      values (gen_random_uuid(), ${world.people.agent.id}, ${companyId}, ${role})
      on conflict (user_id, company_id) do update set role = excluded.role`;
    const becomeCustomer = (tx: postgres.ISql) =>
      tx`update memberships set role = 'CUSTOMER' where user_id = ${world.people.agent.id} and company_id = ${companyId}`;

    it.each([
      ["assigned to who is leaving", "updateTicket", leave],
      ["assigned to who is being made a customer", "updateTicket", becomeCustomer],
      ["shown to who is leaving", "addParticipant", leave],
    ])("is not %s", async (_what, name, end) => {
      const { manager, agent } = world.people;
      const { ticketId } = await setUp();
      const input =
        name === "updateTicket" ? { id: ticketId, assigneeId: agent.id } : { ticketId, userId: agent.id };
      const before = await everything();
      const told = await overtaken(
        world.server.database.sql,
        end,
        async () => (await run(manager, name, { input })).code,
      );
      await comeBack("AGENT");
      expect(told).toBe("BAD_USER_INPUT");
      expect(await everything()).toEqual(before);
    });

    it("that is closed while its status is being changed is not opened again for whoever had it", async () => {
      const { manager, agent } = world.people;
      const { ticketId } = await setUp();
      const change = async (input: object) =>
        (await run(manager, "updateTicket", { input: { id: ticketId, ...input } })).code;
      expect(await change({ assigneeId: agent.id })).toBe("ok");
      const close = (tx: postgres.ISql) => tx`update tickets set status = 'CLOSED' where id = ${ticketId}`;
      const toPending = () => change({ status: "PENDING" });
      expect(await overtaken(world.server.database.sql, close, toPending)).toBe("CONFLICT");
      expect(await toPending()).toBe("ok");
    });
  });

  describe.each(["updateAttachment", "deleteAttachment", "restoreAttachment"] as const)(
    "%s on a message",
    (name) => {
      it("is refused when the guest who asks has been revoked before the commit, or the message deleted", async () => {
        const { sql } = world.server.database;
        const conversationId = await world.start({ companyId });
        const guest = await world.guestIn(conversationId);
        const message = await world.say(guest, conversationId, { files: [textFile()] });
        const scene = { attachmentId: message.attachments.nodes[0]!.id } as TicketScene;
        const { after, args } = CHANGES_TO_TICKETS[name];
        if (after) expect((await run(guest, after, CHANGES_TO_TICKETS[after].args(scene))).code).toBe("ok");
        const change = async () => (await run(guest, name, args(scene))).code;
        const before = await everything();
        const told = await overtaken(
          sql,
          (tx) => tx`update guests set revoked_at = now() where id = ${guest.id}`,
          change,
        );
        await sql`update guests set revoked_at = null where id = ${guest.id}`;
        expect(told).toBe("UNAUTHENTICATED");
        const remove = (isDeleted: boolean) => (tx: postgres.ISql) =>
          tx`with locked as (select from conversations where id = ${conversationId} for no key update)
        update chat_messages set deleted_at = ${isDeleted ? new Date() : null}
        where id = ${message.id} and exists (select from locked)`;
        expect(await overtaken(sql, remove(true), change)).toBe("GONE");
        await remove(false)(sql);
        expect(await everything()).toEqual(before);
        expect(await change()).toBe("ok");
      });
    },
  );
});
