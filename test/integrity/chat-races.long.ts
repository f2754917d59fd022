import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld, Speaker } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import {
  CloseConversationDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  MarkReadDocument,
  PurgeMessageDocument,
  RemoveConversationParticipantDocument,
  RevokeGuestDocument,
  SendMessageDocument,
} from "../support/generated/operations.js";
import { holdPost, postFiles, sha256 } from "../support/post-files.js";
import type { GraphQLAnswer } from "../support/test-client.js";
import { codeIn } from "../support/test-client.js";

const ROUNDS = 12;
const AT_ONCE = 5;

let world: ChatWorld;
let companyId: string;
beforeAll(async () => {
  world = await startChatWorld();
  companyId = await world.newCompany();
});
afterAll(() => world?.close());

const gql: ChatWorld["server"]["gql"] = (...request) => world.server.gql(...request);
const send = (by: Speaker, conversationId: string, input: object = {}) =>
  gql(SendMessageDocument, { input: { conversationId, body: "Hello", ...input } }, by.token);

/** Each in a conversation of its own, some at once, so that none takes its course undisturbed. */
async function rounds(round: (conversationId: string, n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const runOn = async () => {
    while (next < ROUNDS) {
      const n = next++;
      const participantIds = [world.people.participant.id];
      await round(await world.start({ companyId, participantIds }), n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runOn));
}

/** Begins them in another order each time. */
const race = <Result>(n: number, ...racers: (() => Promise<Result>)[]): Promise<Result[]> => {
  const first = n % racers.length;
  return Promise.all([...racers.slice(first), ...racers.slice(0, first)].map((racer) => racer()));
};

const codesOf = (answers: readonly GraphQLAnswer<unknown>[]) => new Set(answers.map(codeIn));
const typesIn = async (id: string) => (await world.log(id)).map(({ type }) => type);

describe("no message comes", () => {
  it("behind the end of its guest's access", async () => {
    await rounds(async (id, n) => {
      const guest = await world.guestIn(id);
      const say = () => send(guest, id);
      const revoke = () => gql(RevokeGuestDocument, { id: guest.id }, world.people.agent.token);
      const codes = codesOf(await race<GraphQLAnswer<unknown>>(n, say, say, revoke, say));
      codes.delete("ok");
      expect([[], ["UNAUTHENTICATED"]]).toContainEqual([...codes]);
      expect((await typesIn(id)).at(-1)).toBe("participant.left");
    });
  });

  it("behind the end of its sender's part in the conversation", async () => {
    const { participant, agent } = world.people;
    await rounds(async (id, n) => {
      const say = () => send(participant, id);
      const input = { conversationId: id, userId: participant.id };
      const remove = () => gql(RemoveConversationParticipantDocument, { input }, agent.token);
      const codes = codesOf(await race<GraphQLAnswer<unknown>>(n, say, say, remove, say));
      codes.delete("ok");
      expect([[], ["NOT_FOUND"]]).toContainEqual([...codes]);
      expect((await typesIn(id)).at(-1)).toBe("participant.left");
    });
  });

  it("of a guest whose access ended while a file came in, and nothing of the file is kept", async () => {
    const id = await world.start({ companyId });
    const guest = await world.guestIn(id);
    const files = [{ name: "note.txt", bytes: Buffer.from(randomBytes(5_000).toString("hex")) }];
    const held = holdPost(world.server.url, {
      query: SendMessageDocument,
      input: { conversationId: id },
      files,
      token: guest.token,
    });
    // It is under way when the guest is let in to say something else.
    await send(guest, id);
    await gql(RevokeGuestDocument, { id: guest.id }, world.people.agent.token);
    expect(codeIn(await held.finish())).toBe("UNAUTHENTICATED");
    expect((await typesIn(id)).at(-1)).toBe("participant.left");
    const { sql } = world.server.database;
    expect([...(await sql`select 1 from blobs where sha256 = ${sha256(files[0]!.bytes)}`)]).toEqual([]);
  });

  it("into a conversation that has been closed", async () => {
    const { agent, participant } = world.people;
    await rounds(async (id, n) => {
      const say = () => send(participant, id);
      const close = () => gql(CloseConversationDocument, { id }, agent.token);
      const codes = codesOf(await race<GraphQLAnswer<unknown>>(n, say, close, say));
      codes.delete("ok");
      expect([[], ["CONFLICT"]]).toContainEqual([...codes]);
      expect((await typesIn(id)).at(-1)).toBe("conversation.closed");
    });
  });
});

describe("a message", () => {
  it("is not edited behind its deletion", async () => {
    const { participant } = world.people;
    await rounds(async (id, n) => {
      const message = (await send(participant, id)).data!.sendMessage;
      const edit = (body: string) => () =>
        gql(EditMessageDocument, { input: { id: message.id, body } }, participant.token);
      const remove = () => gql(DeleteMessageDocument, { id: message.id }, participant.token);
      const codes = codesOf(await race<GraphQLAnswer<unknown>>(n, edit("one"), remove, edit("two")));
      codes.delete("ok");
      expect([[], ["GONE"]]).toContainEqual([...codes]);
      expect((await typesIn(id)).at(-1)).toBe("message.deleted");
      const { messages } = await world.read(participant, id);
      expect(messages.nodes).toMatchObject([{ body: "[Message deleted]", isDeleted: true }]);
    });
  });

  it("that is purged leaves no answer that quotes it", async () => {
    const { participant, manager } = world.people;
    await rounds(async (id, n) => {
      const message = (await send(participant, id)).data!.sendMessage;
      const answer = () => send(participant, id, { replyToId: message.id });
      const purge = () => gql(PurgeMessageDocument, { id: message.id }, manager.token);
      const answers = await race<GraphQLAnswer<unknown>>(n, answer, purge, answer);
      const codes = codesOf(answers);
      codes.delete("ok");
      expect([[], ["BAD_USER_INPUT"]]).toContainEqual([...codes]);
      const { messages } = await world.read(participant, id);
      expect(messages.totalCount).toBe(answers.filter((one) => codeIn(one) === "ok").length - 1);
      expect(messages.nodes.map(({ replyTo }) => replyTo)).toEqual(messages.nodes.map(() => null));
      const types = await typesIn(id);
      expect(types.lastIndexOf("message.purged")).toBe(types.indexOf("message.purged"));
    });
  });

  it("has its file given out whole or not at all while it is deleted, and never after", async () => {
    const { participant } = world.people;
    const bytes = Buffer.from(randomBytes(50_000).toString("hex"));
    const request = {
      query: SendMessageDocument,
      files: [{ name: "note.txt", bytes }],
      token: participant.token,
    };
    await rounds(async (conversationId, n) => {
      const sent = await postFiles(world.server.url, { ...request, input: { conversationId } });
      const { id, attachments } = sent.data!.sendMessage;
      const download = async () => {
        const response = await fetch(attachments.nodes[0]!.url);
        const body = new Uint8Array(await response.arrayBuffer());
        return response.status === 200 ? sha256(body) : response.status;
      };
      const remove = async () => codeIn(await gql(DeleteMessageDocument, { id }, participant.token));
      const answers = await race<string | number>(n, download, remove, download);
      for (const answer of answers) expect([sha256(bytes), 410, "ok"]).toContain(answer);
      expect(await download()).toBe(410);
    });
  });
});

it("reads a conversation up to the newest message, in whatever order that is said", async () => {
  const { agent, participant } = world.people;
  await rounds(async (conversationId, n) => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count++)
      ids.push((await send(agent, conversationId)).data!.sendMessage.id);
    const read = (messageId: string) => () =>
      gql(MarkReadDocument, { input: { conversationId, messageId } }, participant.token);
    expect([...codesOf(await race(n, ...ids.map(read)))]).toEqual(["ok"]);
    expect((await world.read(participant, conversationId)).unreadCount).toBe(0);
  });
});
