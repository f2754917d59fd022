import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import {
  ConversationDocument,
  DeleteAttachmentDocument,
  DeleteMessageDocument,
  InviteGuestDocument,
  JoinAsGuestDocument,
  MarkReadDocument,
  PurgeMessageDocument,
  StartTypingDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { codeIn } from "../../../support/test-client.js";
import { textFile } from "../../../support/ticket-world.js";

let world: ChatWorld;

const purge = (dryRun = false) => world.server.services.upkeep.purgeDeleted({ dryRun });

/** A conversation with an answered message, files of staff and of a guest, and some of them deleted. */
async function furnishedConversation(companyId: string) {
  const { agent } = world.people;
  const id = await world.start({ companyId });
  const guest = await world.guestIn(id);
  const asked = await world.say(guest, id, { body: "My PIN is 1234", files: [textFile()] });
  const answer = await world.say(agent, id, { body: "Thanks", replyToId: asked.id, files: [textFile()] });
  const last = await world.say(guest, id, { files: [textFile()] });
  const { gql } = world.server;
  const [file] = last.attachments.nodes;
  await gql(DeleteAttachmentDocument, { id: file!.id }, guest.token);
  await gql(DeleteMessageDocument, { id: asked.id }, guest.token);
  await gql(MarkReadDocument, { input: { conversationId: id, messageId: last.id } }, guest.token);
  return { id, guest, asked, answer };
}

async function expectWhole(): Promise<void> {
  const { database, dataFolder } = world.server;
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
}

describe("chat purge", () => {
  beforeAll(async () => {
    world = await startChatWorld({ env: { SIGN_INS_PER_MINUTE: "10", CHAT_FILES: "1", GUEST_DAYS: "3" } });
  });

  afterAll(() => world?.close());

  it("empties the text of a deleted message when its time is over, not before, and keeps its place", async () => {
    const { agent } = world.people;
    const { sql } = world.server.database;
    const { id, asked, answer } = await furnishedConversation(await world.newCompany());
    const textOf = async () =>
      (await sql`select body from chat_messages where id = ${asked.id}`)[0]!.body as string;
    await sql`update chat_messages set deleted_at = deleted_at - interval '13 days' where id = ${asked.id}`;
    await purge();
    expect(await textOf()).toBe("My PIN is 1234");
    await sql`update chat_messages set deleted_at = deleted_at - interval '2 days' where id = ${asked.id}`;
    await purge(true);
    expect(await textOf()).toBe("My PIN is 1234");
    await purge();
    expect(await textOf()).toBe("");
    const found = await world.server.gql(ConversationDocument, { id }, agent.token);
    expect(found.data!.conversation!.messages.nodes.slice(0, 2)).toMatchObject([
      { id: asked.id, body: "[Message deleted]", isDeleted: true },
      { id: answer.id, replyTo: { body: "[Message deleted]" } },
    ]);
    await expectWhole();
  });

  it("purges no message by a database that is older than its files", async () => {
    const { agent, manager } = world.people;
    const { database, gql } = world.server;
    const { id, answer } = await furnishedConversation(await world.newCompany());
    await database.sql`update installation set epoch = epoch - 100`;
    const refused = await gql(PurgeMessageDocument, { id: answer.id }, manager.token);
    await database.sql`update installation set epoch = epoch + 100`;
    expect(codeIn(refused)).toBe("SERVICE_UNAVAILABLE");
    expect((await world.read(agent, id)).messages.nodes.map((message) => message.id)).toContain(answer.id);
    expect(codeIn(await gql(PurgeMessageDocument, { id: answer.id }, manager.token))).toBe("ok");
    await expectWhole();
  });

  it("takes a company's chats away with it, guests and their files included, and no other's", async () => {
    const { admin, agent } = world.people;
    const { sql } = world.server.database;
    const [companyId, otherId] = [await world.newCompany(), await world.newCompany()];
    await furnishedConversation(companyId);
    const other = await furnishedConversation(otherId);
    const mutation = `mutation ($id: ID!) { deleteCompany(id: $id) { id } }`;
    await world.server.gql(mutation, { id: companyId }, admin.token);
    await sql`update companies set deleted_at = deleted_at - interval '15 days' where id = ${companyId}`;
    const promised = await purge(true);
    expect(promised).toMatchObject({ companies: 1, files: 3, blobs: 3 });
    expect(await purge()).toEqual(promised);
    const tables = ["conversations", "conversation_participants", "guests", "chat_messages", "read_marks"];
    for (const table of [...tables, "attachments", "media_files", "events"]) {
      const rows = await sql.unsafe(`select from ${table} where company_id = '${companyId}'`);
      expect([table, rows.length]).toEqual([table, 0]);
    }
    expect((await world.read(agent, other.id)).messages.totalCount).toBe(3);
    await expectWhole();
  });

  it("keeps to what the settings say of files, days and attempts to join", async () => {
    const { agent } = world.people;
    const conversationId = await world.start({ companyId: await world.newCompany() });
    await expect(world.say(agent, conversationId, { files: [textFile(), textFile()] })).rejects.toThrow(
      "takes 1 files at most",
    );
    const { token, url, guest } = await world.invite(conversationId);
    expect(url).toBe(`${world.server.url}/join#${token}`);
    const days = (new Date(guest.expiresAt).getTime() - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(2.9);
    expect(days).toBeLessThanOrEqual(3);
    const expiresAt = new Date(Date.now() + 4 * 86_400_000).toISOString();
    const input = { conversationId, displayName: "Late", expiresAt };
    expect(codeIn(await world.server.gql(InviteGuestDocument, { input }, agent.token))).toBe(
      "BAD_USER_INPUT",
    );
    const codes = new Set<string>();
    for (let batch = 0; batch < 3; batch += 1) {
      const many = Array.from({ length: 50 }, () => world.server.gql(JoinAsGuestDocument, { token: "x" }));
      for (const answer of await Promise.all(many)) codes.add(codeIn(answer));
    }
    expect([...codes].sort()).toEqual(["RATE_LIMITED", "UNAUTHENTICATED"]);
  });

  it("bounds how often somebody says that they type", async () => {
    const { manager } = world.people;
    const conversationId = await world.start({ companyId: await world.newCompany() });
    const type = () => world.server.gql(StartTypingDocument, { conversationId }, manager.token);
    expect((await type()).data).toEqual({ startTyping: true });
    const codes = (await Promise.all(Array.from({ length: 125 }, type))).map(codeIn);
    expect(new Set(codes)).toEqual(new Set(["ok", "RATE_LIMITED"]));
  });
});
