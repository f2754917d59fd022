import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import { textFile } from "../../../support/ticket-world.js";

const statements: string[] = [];
let world: ChatWorld;
let companyId: string;

const PAGE = `query ($id: ID!, $last: Int) { conversation(id: $id) { messages(last: $last) { nodes {
  conversation { id subject } attachments(first: 1) { nodes { message { conversation { id } } } } } } } }`;

describe("parents", () => {
  beforeAll(async () => {
    world = await startChatWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("every message tells its conversation, in as many statements for many as for two", async () => {
    const { agent } = world.people;
    const id = await world.start({ companyId, subject: "The lamp" });
    for (let n = 0; n < 8; n++) await world.say(agent, id, { body: "It hums", files: [textFile()] });
    const ask = async (last: number) => {
      statements.length = 0;
      const { data } = await world.server.gql(PAGE, { id, last }, agent.token);
      return { data: data as never, statements: statements.length };
    };
    await ask(8);
    const [few, many] = [await ask(2), await ask(8)];
    expect(few.statements).toBe(many.statements);
    const shown = {
      conversation: { id, subject: "The lamp" },
      attachments: { nodes: [{ message: { conversation: { id } } }] },
    };
    expect(many.data).toEqual({ conversation: { messages: { nodes: Array(8).fill(shown) } } });
  });

  it("a sent message leads to the newest of its conversation, a guest's as well", async () => {
    const id = await world.start({ companyId });
    const guest = await world.guestIn(id);
    const query = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
    id conversation { id unreadCount lastMessage { body } messages { totalCount } } } }`;
    for (const { token } of [guest, world.people.agent]) {
      const { data } = await world.server.gql(query, { input: { conversationId: id, body: "Hello" } }, token);
      expect(data).toMatchObject({ sendMessage: { conversation: { id, lastMessage: { body: "Hello" } } } });
    }
  });

  it("an invitation tells the conversation with its new guest", async () => {
    const id = await world.start({ companyId });
    const { guest, conversation } = await world.invite(id);
    expect(conversation).toEqual({ id, guests: [{ id: guest.id }] });
  });

  it("the viewer has the id of the person, or of the guest", async () => {
    const { agent } = world.people;
    const guest = await world.guestIn(await world.start({ companyId }));
    const ask = (token?: string) => world.server.gql("{ viewer { id user { id } guest { id } } }", {}, token);
    expect((await ask(agent.token)).data).toEqual({
      viewer: { id: agent.id, user: { id: agent.id }, guest: null },
    });
    expect((await ask(guest.token)).data).toEqual({
      viewer: { id: guest.id, user: null, guest: { id: guest.id } },
    });
    expect((await ask()).data).toEqual({ viewer: null });
  });
});
