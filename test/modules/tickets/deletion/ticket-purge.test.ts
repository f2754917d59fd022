import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { purgeDeletedFiles } from "../../../support/purge-deleted-files.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

async function ticketWithReply() {
  const { requester, agent } = world.people;
  const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
  const reply = await world.addReply(agent, { ticketId: ticket.id, files: [textFile()] });
  return { ticket, reply };
}

const mutate = (field: string, id: string) =>
  world.server.gql(`mutation ($id: ID!) { ${field}(id: $id) { id } }`, { id }, world.people.manager.token);

const inAnHour = () => new Date(Date.now() + 3_600_000);

async function purge(deletedBefore: Date) {
  const { ticketPurge, attachmentDeletions } = world.server.services;
  const { tickets } = await ticketPurge.purgeDeleted(deletedBefore);
  await attachmentDeletions.purgeDeleted(deletedBefore);
  return { tickets, files: await purgeDeletedFiles(world.server, deletedBefore) };
}

async function keysOf(ticketId: string): Promise<string[]> {
  const rows = await world.server.database.sql`
    select b.storage_key from attachments a join media_files m on m.id = a.media_file_id join blobs b on b.id = m.blob_id
    where a.ticket_id = ${ticketId} or a.reply_id in (select id from replies where ticket_id = ${ticketId})`;
  return rows.map((row) => row.storage_key as string);
}

describe("ticket purge", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { TICKET_FILES: "2" } });
    companyId = await world.newCompany();
  });

  afterAll(() => world.close());

  describe("a deleted reply", () => {
    it("gives back what its files took of the ticket's quota", async () => {
      const { ticket, reply } = await ticketWithReply();
      const { requester } = world.people;
      const more = () => world.attach(requester, { ticketId: ticket.id, files: [textFile()] });
      await expect(more()).rejects.toThrow("take 2 files");
      await mutate("deleteReply", reply.id);
      await expect(more()).resolves.toHaveLength(1);
    });
  });

  describe("a deleted ticket", () => {
    it("is purged with its replies, its files and their bytes when its time is over, and not before", async () => {
      const { ticket, reply } = await ticketWithReply();
      const { storage } = world.server.services;
      const keys = await keysOf(ticket.id);
      expect(keys).toHaveLength(2);
      await mutate("deleteTicket", ticket.id);

      expect((await purge(new Date(Date.now() - 3_600_000))).tickets).toBe(0);
      for (const key of keys) expect(await storage.stat(key)).not.toBeNull();

      const purged = await purge(inAnHour());
      expect(purged.tickets).toBe(1);
      expect(purged.files).toBeGreaterThanOrEqual(2);
      for (const key of keys) expect(await storage.stat(key)).toBeNull();
      const { sql } = world.server.database;
      expect(await sql`select id from tickets where id = ${ticket.id}`).toHaveLength(0);
      expect(await sql`select id from replies where id = ${reply.id}`).toHaveLength(0);
      const { errors } = await mutate("restoreTicket", ticket.id);
      expect(errors?.[0]?.extensions.code).toBe("NOT_FOUND");
    });

    it("keeps the bytes that another ticket of the company uses", async () => {
      const { requester } = world.people;
      const same = "the very same words, twice";
      const open = () => world.openTicket(requester, { companyId, files: [new File([same], "same.txt")] });
      const [first, second] = [await open(), await open()];
      const [key] = await keysOf(second.id);
      await mutate("deleteTicket", first.id);
      await purge(inAnHour());
      expect(await world.server.services.storage.stat(key!)).not.toBeNull();
      const url = second.attachments.nodes[0]!.url;
      expect(await downloadStatus(url, requester)).toBe(200);
    });

    it("that is restored before the purge sees it stays", async () => {
      const { ticket } = await ticketWithReply();
      await mutate("deleteTicket", ticket.id);
      await mutate("restoreTicket", ticket.id);
      expect((await purge(inAnHour())).tickets).toBe(0);
    });
  });
});
