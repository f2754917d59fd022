import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld, Speaker } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import {
  AddMessageAttachmentsDocument,
  CloseConversationDocument,
  DeleteAttachmentDocument,
  DeleteMessageDocument,
  RestoreAttachmentDocument,
} from "../../../support/generated/operations.js";
import { makePng } from "../../../support/make-files.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeOf, failureOf } from "../../../support/test-client.js";
import { textFile } from "../../../support/ticket-world.js";

const FILES_PER_MESSAGE = 4;

let world: ChatWorld;
let companyId: string;
const statements: string[] = [];

let made = 0;
const picture = async (name: string) =>
  new File([new Uint8Array(await makePng({ width: 20 + ++made, height: 10 }))], name, { type: "image/png" });

const add = ({ client }: Speaker, messageId: string, files: File[], more = {}) =>
  client
    .mutate({
      mutation: AddMessageAttachmentsDocument,
      variables: { input: { messageId, files, ...more } },
    })
    .then(({ data }) => data!.addMessageAttachments);

const namesOf = ({
  attachments,
}: {
  readonly attachments: { readonly nodes: readonly { fileName: string }[] };
}) => attachments.nodes.map(({ fileName }) => fileName);

const LIST = `query ($id: ID!, $kind: [MediaKind!], $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) { attachments(kind: $kind, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage endCursor startCursor } nodes { id fileName message { id } } } } }`;
interface Listed {
  readonly totalCount: number;
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly endCursor: string;
    readonly startCursor: string;
  };
  readonly nodes: readonly { id: string; fileName: string; message: { id: string } }[];
}
const list = async (by: Speaker, id: string, page = {}) =>
  (await world.server.gql<{ conversation: { attachments: Listed } }>(LIST, { id, ...page }, by.token)).data!
    .conversation.attachments;
const listedNames = ({ nodes }: Listed) => nodes.map(({ fileName }) => fileName);

const BIN = `query ($id: ID!) { conversation(id: $id) { deletedAttachments { totalCount nodes {
  fileName deletedBy { __typename id } message { id } } } } }`;
const bin = async (by: Speaker, id: string) =>
  (await world.server.gql<{ conversation: { deletedAttachments: unknown } }>(BIN, { id }, by.token)).data!
    .conversation.deletedAttachments;

describe("files of a conversation", () => {
  beforeAll(async () => {
    world = await startChatWorld({
      env: { CHAT_FILES: String(FILES_PER_MESSAGE) },
      onStatement: (statement) => statements.push(statement),
    });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("adding to a message", () => {
    it("attaches files to a message of one's own, which is not edited by that, and tells who follows", async () => {
      const id = await world.start({ companyId });
      const guest = await world.guestIn(id);
      const sent = await world.say(guest, id, { body: "See", files: [textFile("first.txt")] });
      const files = [textFile("second.txt"), textFile("third.txt")];
      const told = await add(guest, sent.id, files, { description: "Both doors" });
      expect(namesOf(told)).toEqual(["first.txt", "second.txt", "third.txt"]);
      expect(told).toMatchObject({ id: sent.id, body: "See", isEdited: false });
      const log = (await world.log(id)).filter(({ type }) => type !== "participant.joined");
      expect(log.map(({ type, payload }) => [type, payload.messageId])).toEqual([
        ["message.added", sent.id],
        ["attachment.added", sent.id],
        ["attachment.added", sent.id],
      ]);
      const [second] = (await list(guest, id)).nodes.slice(1);
      expect(log[1]!.payload.attachmentId).toBe(second!.id);
    });

    it("takes no more files than a message may have, however many come at once", async () => {
      const { agent } = world.people;
      const id = await world.start({ companyId });
      const { id: messageId } = await world.say(agent, id, { files: [textFile()] });
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, () => codeOf(add(agent, messageId, [textFile()]))),
      );
      expect(outcomes.filter((code) => code === "ok")).toHaveLength(FILES_PER_MESSAGE - 1);
      expect(new Set(outcomes)).toEqual(new Set(["ok", "QUOTA_EXCEEDED"]));
      expect((await list(agent, id)).totalCount).toBe(FILES_PER_MESSAGE);
      const failure = await failureOf(add(agent, messageId, [textFile(), textFile()]));
      expect(failure).toMatchObject({
        message:
          "A message takes 4 files; this one has 4, and 2 more do not fit. Send them with another message.",
        extensions: { limit: 4, actual: 6 },
      });
    });

    it("restores no file of a message that is full meanwhile", async () => {
      const { agent } = world.people;
      const id = await world.start({ companyId });
      const files = Array.from({ length: FILES_PER_MESSAGE }, () => textFile());
      const { id: messageId, attachments } = await world.say(agent, id, { files });
      const variables = { id: attachments.nodes[0]!.id };
      const remove = () => agent.client.mutate({ mutation: DeleteAttachmentDocument, variables });
      const restore = () => agent.client.mutate({ mutation: RestoreAttachmentDocument, variables });
      await remove();
      expect(await codeOf(restore())).toBe("ok");
      await remove();
      await add(agent, messageId, [textFile()]);
      expect(await codeOf(restore())).toBe("QUOTA_EXCEEDED");
      expect((await list(agent, id)).totalCount).toBe(FILES_PER_MESSAGE);
    });

    it("is for the sender alone, while the message and the conversation last, and with a file", async () => {
      const { agent, manager, customer } = world.people;
      const id = await world.start({ companyId });
      const guest = await world.guestIn(id);
      const { id: messageId } = await world.say(guest, id, "Hello");
      for (const by of [agent, manager])
        expect(await codeOf(add(by, messageId, [textFile()]))).toBe("FORBIDDEN");
      expect(await codeOf(add(customer, messageId, [textFile()]))).toBe("NOT_FOUND");
      expect(await codeOf(add(guest, messageId, []))).toBe("BAD_USER_INPUT");
      const { id: deletedId } = await world.say(guest, id, "Never mind");
      await guest.client.mutate({ mutation: DeleteMessageDocument, variables: { id: deletedId } });
      expect(await codeOf(add(guest, deletedId, [textFile()]))).toBe("GONE");
      await agent.client.mutate({ mutation: CloseConversationDocument, variables: { id } });
      expect(await codeOf(add(guest, messageId, [textFile()]))).toBe("CONFLICT");
      expect((await list(agent, id)).totalCount).toBe(0);
    });
  });

  describe("list", () => {
    it("has the files of all messages in the order of upload, by kind, from either end", async () => {
      const { agent } = world.people;
      const id = await world.start({ companyId });
      const other = await world.start({ companyId });
      await world.say(agent, other, { files: [textFile("elsewhere.txt")] });
      const first = await world.say(agent, id, { files: [textFile("a.txt"), await picture("b.png")] });
      const guest = await world.guestIn(id);
      await world.say(guest, id, "No file");
      const second = await world.say(guest, id, { files: [await picture("c.png"), textFile("d.txt")] });
      await add(agent, first.id, [textFile("e.txt")]);
      for (const by of [agent, guest]) {
        const all = await list(by, id);
        expect(listedNames(all)).toEqual(["a.txt", "b.png", "c.png", "d.txt", "e.txt"]);
        expect(all.totalCount).toBe(5);
        expect(all.nodes.map(({ message }) => message.id)).toEqual(
          [first, first, second, second, first].map((message) => message.id),
        );
        const pictures = await list(by, id, { kind: ["IMAGE"] });
        expect([listedNames(pictures), pictures.totalCount]).toEqual([["b.png", "c.png"], 2]);
        const newest = await list(by, id, { last: 2 });
        expect(listedNames(newest)).toEqual(["d.txt", "e.txt"]);
        const before = { last: 2, before: newest.pageInfo.startCursor };
        expect(listedNames(await list(by, id, before))).toEqual(["b.png", "c.png"]);
        const page = await list(by, id, { first: 3 });
        expect(page.pageInfo.hasNextPage).toBe(true);
        const next = { first: 3, after: page.pageInfo.endCursor };
        expect(listedNames(await list(by, id, next))).toEqual(["d.txt", "e.txt"]);
      }
      await guest.client.mutate({ mutation: DeleteMessageDocument, variables: { id: second.id } });
      expect(listedNames(await list(agent, id))).toEqual(["a.txt", "b.png", "e.txt"]);
    });

    it("costs as many statements for ten conversations as for two", async () => {
      const { agent } = world.people;
      const company = await world.newCompany();
      for (let n = 0; n < 10; n++) {
        const id = await world.start({ companyId: company });
        await world.say(agent, id, { files: [textFile(`${n}.txt`)] });
      }
      const query = `query ($companyId: ID!, $first: Int) { conversations(filter: { companyId: $companyId }, first: $first) {
        nodes { attachments(first: 5) { totalCount nodes { fileName message { id } } } deletedAttachments { totalCount nodes { id } } } } }`;
      const ask = (first: number) => world.server.gql(query, { companyId: company, first }, agent.token);
      expect((await ask(10)).data).toMatchObject({
        conversations: {
          nodes: Array.from({ length: 10 }, () => ({ attachments: { totalCount: 1, nodes: [{}] } })),
        },
      });
      const few = await countStatements(statements, () => ask(2));
      expect(await countStatements(statements, () => ask(10))).toBe(few);
    });
  });

  describe("bin", () => {
    it("shows staff what was deleted and by whom, without files of deleted messages, and others nothing", async () => {
      const { agent, manager } = world.people;
      const id = await world.start({ companyId });
      const guest = await world.guestIn(id);
      const kept = await world.say(guest, id, { files: [textFile("gone.txt"), textFile("kept.txt")] });
      const ended = await world.say(guest, id, { files: [textFile("with-it.txt")] });
      const variables = { id: kept.attachments.nodes[0]!.id };
      await guest.client.mutate({ mutation: DeleteAttachmentDocument, variables });
      await guest.client.mutate({ mutation: DeleteMessageDocument, variables: { id: ended.id } });
      const deleted = {
        totalCount: 1,
        nodes: [
          {
            fileName: "gone.txt",
            deletedBy: { __typename: "Guest", id: guest.id },
            message: { id: kept.id },
          },
        ],
      };
      for (const by of [agent, manager]) expect(await bin(by, id)).toEqual(deleted);
      expect(await bin(guest, id)).toEqual({ totalCount: 0, nodes: [] });
      await guest.client.mutate({ mutation: RestoreAttachmentDocument, variables });
      expect(await bin(agent, id)).toEqual({ totalCount: 0, nodes: [] });
    });
  });
});
