import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import { storageOf } from "../../../support/desk-storage.js";
import {
  AttachmentMessageDocument,
  CloseConversationDocument,
  ConversationDocument,
  DeleteAttachmentDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  PurgeMessageDocument,
  RestoreAttachmentDocument,
  SendMessageDocument,
} from "../../../support/generated/operations.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeIn, codeOf, failureOf } from "../../../support/test-client.js";
import { downloadStatus, textFile } from "../../../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;
const statements: string[] = [];

const start = () => world.start({ companyId });

/** What the storage holds. What is purged waits in the trash. */
const storedKeys = async () => {
  const keys: string[] = [];
  for await (const { key } of storageOf(world.server.dataFolder).walk()) keys.push(key);
  return keys.sort();
};
const mediaFileIds = async () =>
  (await world.server.database.sql`select id from media_files order by id`).map(({ id }) => id as string);

describe("message", () => {
  beforeAll(async () => {
    world = await startChatWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("sending", () => {
    it("numbers messages in the order of their coming, whoever sends them, and says so in the log", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const guest = await world.guestIn(conversationId);
      const speakers = Array.from({ length: 20 }, (_, index) => (index % 2 ? guest : agent));
      const sent = await Promise.all(
        speakers.map((by, index) => world.say(by, conversationId, `Message ${index}`)),
      );
      expect(sent.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      const inOrder = [...sent].sort((a, b) => a.number - b.number).map(({ id }) => id);
      const log = await world.log(conversationId);
      const added = log.filter(({ type }) => type === "message.added");
      expect(added.map(({ payload }) => payload.messageId)).toEqual(inOrder);
      expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1));
      const { messages, eventCursor } = await world.read(agent, conversationId, { first: 20 });
      expect(messages.nodes.map(({ id }) => id)).toEqual(inOrder);
      expect(eventCursor).toBe(String(log.length));
      expect(messages.nodes.find(({ sender }) => sender.id === guest.id)?.sender).toEqual({
        __typename: "Guest",
        id: guest.id,
        name: "Room 204",
        displayName: "Room 204",
      });
    });

    it("makes one message of twenty that come at once by the same clientId", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const said = { body: "Once", clientId: "a-1" };
      const sent = await Promise.all(
        Array.from({ length: 20 }, () => world.say(agent, conversationId, said)),
      );
      expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
      expect(await world.log(conversationId)).toHaveLength(1);
      const { messages } = await world.read(agent, conversationId);
      expect(messages.nodes.map(({ number, body }) => [number, body])).toEqual([[1, "Once"]]);
      expect((await world.say(agent, conversationId, "Twice")).number).toBe(2);
    });

    it("keeps no file of a repeat, neither of one that races nor of one that comes late", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const before = await Promise.all([storedKeys(), mediaFileIds()]);
      const sent = await Promise.all(
        Array.from({ length: 6 }, () =>
          world.say(agent, conversationId, { files: [textFile()], clientId: "with-file" }),
        ),
      );
      sent.push(await world.say(agent, conversationId, { files: [textFile()], clientId: "with-file" }));
      const [first] = sent;
      expect(new Set(sent.map(({ attachments }) => attachments.nodes[0]!.id)).size).toBe(1);
      expect(first!.attachments.totalCount).toBe(1);
      const after = await Promise.all([storedKeys(), mediaFileIds()]);
      expect(after.map((all, index) => all.length - before[index]!.length)).toEqual([1, 1]);
    });

    it("takes the same clientId for another message of another sender, and elsewhere", async () => {
      const { agent, manager } = world.people;
      const [one, two] = [await start(), await start()];
      const said = { body: "Hello", clientId: "same" };
      const guest = await world.guestIn(one);
      const ids = [
        (await world.say(agent, one, said)).id,
        (await world.say(manager, one, said)).id,
        (await world.say(guest, one, said)).id,
        (await world.say(agent, two, said)).id,
      ];
      expect(new Set(ids).size).toBe(4);
    });

    it("gives the deleted message for a repeat that comes after its deletion, also in a closed conversation", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const said = { body: "Never mind", clientId: "gone" };
      const { id } = await world.say(agent, conversationId, said);
      await agent.client.mutate({ mutation: DeleteMessageDocument, variables: { id } });
      await agent.client.mutate({ mutation: CloseConversationDocument, variables: { id: conversationId } });
      expect(await world.say(agent, conversationId, said)).toMatchObject({
        id,
        isDeleted: true,
        body: "[Message deleted]",
      });
    });

    it("takes files alone, and refuses what says nothing, too much or with too many files", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const alone = await world.say(agent, conversationId, { files: [textFile(), textFile()] });
      expect(alone).toMatchObject({ body: "", attachments: { totalCount: 2 } });
      const failure = (input: object) =>
        failureOf(world.say(agent, conversationId, input)).then((found) => found?.extensions);
      expect(await failure({ body: " \n " })).toMatchObject({ code: "BAD_USER_INPUT", field: "body" });
      expect(await failure({})).toMatchObject({ code: "BAD_USER_INPUT" });
      expect(await failure({ body: "x".repeat(10_001) })).toMatchObject({ code: "BAD_USER_INPUT" });
      expect(await failure({ body: "x", clientId: "c".repeat(101) })).toMatchObject({
        code: "BAD_USER_INPUT",
      });
      expect(await failure({ files: Array.from({ length: 11 }, () => textFile()) })).toMatchObject({
        code: "BAD_USER_INPUT",
        limit: 10,
      });
      expect(await failure({ files: [new File(["<html>"], "a.html")] })).toMatchObject({
        code: "UNSUPPORTED_FILE_TYPE",
      });
      expect((await world.say(agent, conversationId, "😀".repeat(10_000))).number).toBe(2);
    });

    it("answers messages of the same conversation alone, deleted or not", async () => {
      const { agent, manager } = world.people;
      const conversationId = await start();
      const asked = await world.say(manager, conversationId, "When?");
      const elsewhere = await world.say(agent, await start(), "Else");
      for (const replyToId of [elsewhere.id, "nonsense", companyId])
        expect(await codeOf(world.say(agent, conversationId, { body: "Hm", replyToId }))).toBe(
          "BAD_USER_INPUT",
        );
      const answer = await world.say(agent, conversationId, { body: "Now", replyToId: asked.id });
      expect(answer.replyTo).toMatchObject({ id: asked.id, body: "When?" });
      await manager.client.mutate({ mutation: DeleteMessageDocument, variables: { id: asked.id } });
      const late = await world.say(agent, conversationId, { body: "Still", replyToId: asked.id });
      expect(late.replyTo).toMatchObject({ body: "[Message deleted]", isDeleted: true });
    });

    it("refuses messages in a closed conversation, and says why", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const guest = await world.guestIn(conversationId);
      const mine = await world.say(guest, conversationId, "Hello");
      const ours = await world.say(agent, conversationId, "Hello");
      await agent.client.mutate({ mutation: CloseConversationDocument, variables: { id: conversationId } });
      const failure = await failureOf(world.say(agent, conversationId, "Too late"));
      expect(failure).toMatchObject({ extensions: { code: "CONFLICT", isClosed: true } });
      expect(await codeOf(world.say(guest, conversationId, { files: [textFile()] }))).toBe("CONFLICT");
      const edit = (id: string) => ({ input: { id, body: "Corrected" } });
      const { gql } = world.server;
      expect(codeIn(await gql(EditMessageDocument, edit(mine.id), guest.token))).toBe("CONFLICT");
      expect(codeIn(await gql(DeleteMessageDocument, { id: mine.id }, guest.token))).toBe("CONFLICT");
      expect(codeIn(await gql(EditMessageDocument, edit(ours.id), agent.token))).toBe("ok");
      expect((await world.read(guest, conversationId)).messages.totalCount).toBe(2);
    });
  });

  describe("changing", () => {
    const edit = async (by: { token: string }, id: string, body: string) =>
      world.server.gql(EditMessageDocument, { input: { id, body } }, by.token);

    it("says that and when a message was edited, and nothing when nothing was changed", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const { id, isEdited } = await world.say(agent, conversationId, "Tommorow");
      expect(isEdited).toBe(false);
      const same = await edit(agent, id, "Tommorow");
      expect(same.data?.editMessage).toMatchObject({ isEdited: false, editedAt: null });
      const edited = (await edit(agent, id, "Tomorrow")).data!.editMessage;
      expect(edited).toMatchObject({ body: "Tomorrow", isEdited: true });
      expect(edited.editedAt).not.toBeNull();
      expect(codeIn(await edit(agent, id, " "))).toBe("BAD_USER_INPUT");
      expect((await world.log(conversationId)).map(({ type }) => type)).toEqual([
        "message.added",
        "message.updated",
      ]);
    });

    it("lets a text be emptied where there are files, as long as there are", async () => {
      const { agent } = world.people;
      const conversationId = await start();
      const { id, attachments } = await world.say(agent, conversationId, {
        body: "See",
        files: [textFile()],
      });
      expect((await edit(agent, id, "")).data?.editMessage.body).toBe("");
      await edit(agent, id, "See again");
      const variables = { id: attachments.nodes[0]!.id };
      await agent.client.mutate({ mutation: DeleteAttachmentDocument, variables });
      expect(codeIn(await edit(agent, id, ""))).toBe("BAD_USER_INPUT");
      await agent.client.mutate({ mutation: RestoreAttachmentDocument, variables });
      const log = (await world.log(conversationId)).slice(-2);
      expect(log).toMatchObject([
        { type: "attachment.deleted", payload: { attachmentId: variables.id, messageId: id } },
        { type: "attachment.restored", payload: { attachmentId: variables.id, messageId: id } },
      ]);
    });

    it("deletes a message with its files: the place stays, the text and the bytes are out of reach", async () => {
      const { agent, admin } = world.people;
      const conversationId = await start();
      const sent = await world.say(agent, conversationId, { body: "My PIN", files: [textFile()] });
      const answer = await world.say(agent, conversationId, { body: "Oh", replyToId: sent.id });
      const [file] = sent.attachments.nodes;
      expect(await downloadStatus(file!.url, agent)).toBe(200);
      const { gql } = world.server;
      const deleted = (await gql(DeleteMessageDocument, { id: sent.id }, agent.token)).data!.deleteMessage;
      expect(deleted).toMatchObject({
        body: "[Message deleted]",
        isDeleted: true,
        attachments: { totalCount: 0, nodes: [] },
      });
      for (const person of [agent, admin]) expect(await downloadStatus(file!.url, person)).toBe(410);
      const answerToAll = await gql(ConversationDocument, { id: conversationId }, admin.token);
      expect(JSON.stringify(answerToAll)).not.toContain("My PIN");
      expect(answerToAll.data!.conversation!.messages.nodes).toMatchObject([
        { id: sent.id, number: 1 },
        { id: answer.id, replyTo: { body: "[Message deleted]" } },
      ]);
      expect(codeIn(await edit(agent, sent.id, "Back"))).toBe("GONE");
      expect(codeIn(await gql(DeleteMessageDocument, { id: sent.id }, agent.token))).toBe("GONE");
      expect(codeIn(await gql(RestoreAttachmentDocument, { id: file!.id }, agent.token))).toBe("GONE");
      expect((await world.log(conversationId)).map(({ type }) => type)).toEqual([
        "message.added",
        "message.added",
        "message.deleted",
      ]);
    });

    it("purges a message now, with bytes that nothing else uses; what answered it lives on", async () => {
      const { agent, manager } = world.people;
      const conversationId = await start();
      const shared = textFile("shared.txt");
      const keys = await storedKeys();
      const kept = await world.say(agent, conversationId, { files: [shared] });
      const [withShared] = (await storedKeys()).filter((key) => !keys.includes(key));
      const sent = await world.say(agent, conversationId, { files: [shared, textFile(), textFile()] });
      const [, second] = sent.attachments.nodes;
      await agent.client.mutate({ mutation: DeleteAttachmentDocument, variables: { id: second!.id } });
      const answer = await world.say(agent, conversationId, { body: "Nice", replyToId: sent.id });
      const { gql } = world.server;
      const purged = await gql(PurgeMessageDocument, { id: sent.id }, manager.token);
      expect(purged.data).toEqual({
        purgeMessage: { id: sent.id, conversation: { id: conversationId, lastMessage: { id: answer.id } } },
      });
      expect((await storedKeys()).filter((key) => !keys.includes(key))).toEqual([withShared]);
      const { messages } = await world.read(agent, conversationId);
      expect(messages.nodes).toMatchObject([
        { id: kept.id, number: 1, attachments: { totalCount: 1 } },
        { id: answer.id, number: 3, replyTo: null },
      ]);
      expect(await downloadStatus(kept.attachments.nodes[0]!.url, agent)).toBe(200);
      expect(await downloadStatus(sent.attachments.nodes[0]!.url, agent)).toBe(404);
      expect(codeIn(await gql(PurgeMessageDocument, { id: sent.id }, manager.token))).toBe("NOT_FOUND");
      expect((await world.log(conversationId)).at(-1)).toMatchObject({
        type: "message.purged",
        payload: { messageId: sent.id },
      });
    });

    it("leads from a file to its message, for who may read it", async () => {
      const { agent, customer } = world.people;
      const sent = await world.say(agent, await start(), { body: "See", files: [textFile()] });
      const { id } = sent.attachments.nodes[0]!;
      const { gql } = world.server;
      const found = await gql(AttachmentMessageDocument, { id }, agent.token);
      expect(found.data!.attachment).toEqual({ id, message: { id: sent.id, body: "See" }, ticket: null });
      expect((await gql(AttachmentMessageDocument, { id }, customer.token)).data!.attachment).toBeNull();
    });
  });

  it("reads a page of messages in a number of statements that does not grow with them", async () => {
    const { agent, manager } = world.people;
    const conversationId = await start();
    const guest = await world.guestIn(conversationId);
    const counted = () => countStatements(statements, () => world.read(agent, conversationId, { last: 100 }));
    const say = async (body: string, replyToId?: string) => {
      const files = [textFile()];
      const sent = [];
      for (const by of [agent, manager, guest])
        sent.push(await world.say(by, conversationId, { body, files, replyToId: replyToId ?? null }));
      return sent[0]!.id;
    };
    const first = await say("One", await say("Zero"));
    const few = await counted();
    for (let round = 0; round < 3; round += 1) await say("More", first);
    expect(await counted()).toBe(few);
  });

  it("does not take an upload that is none", async () => {
    const input = { conversationId: await start(), files: ["nonsense"] };
    const { agent } = world.people;
    const answer = await world.server.gql(SendMessageDocument, { input } as never, agent.token);
    expect(codeIn(answer)).toBe("BAD_USER_INPUT");
  });
});
