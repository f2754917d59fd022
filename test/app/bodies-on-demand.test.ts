import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { codeIn } from "../support/test-client.js";
import { textFile } from "../support/ticket-world.js";

const MOST = 5;

let world: ChatWorld;
let ticketId: string;
let conversationId: string;
const statements: string[] = [];

const replyText = (index: number) => `It hums still ${index}`;
const messageText = (index: number) => `Do you hear it ${index}`;

/** Asks twice, so that it is compiled, and that no token is checked for the first time. */
async function ask<Data>(query: string, variables: Record<string, unknown>) {
  const all = { ticketId, conversationId, ...variables };
  await world.server.gql(query, all, world.people.agent.token);
  statements.length = 0;
  const answer = await world.server.gql<Data>(query, all, world.people.agent.token);
  expect(codeIn(answer)).toBe("ok");
  const run = [...statements];
  return { data: answer.data!, run, reading: run.filter((statement) => statement.includes('"body"')) };
}

interface Listed {
  readonly of: { readonly list: { readonly nodes: readonly { readonly body: string }[] } };
}

const bodiesIn = ({ of }: Listed) => of.list.nodes.map(({ body }) => body);

const LISTS = {
  "replies of a ticket": {
    text: replyText,
    of: "ticket(id: $ticketId)",
    list: (fields: string) => `replies(first: $first) { nodes { ${fields} } }`,
  },
  "replies on a timeline": {
    text: replyText,
    of: "ticket(id: $ticketId)",
    list: (fields: string) => `timeline(first: $first) { nodes { ... on Reply { ${fields} } } }`,
  },
  "messages of a conversation": {
    text: messageText,
    of: "conversation(id: $conversationId)",
    list: (fields: string) => `messages(first: $first) { edges { node { ${fields} } } nodes { ${fields} } }`,
  },
};

describe("bodies on demand", () => {
  beforeAll(async () => {
    world = await startChatWorld({ onStatement: (statement) => statements.push(statement) });
    const companyId = await world.newCompany();
    const { requester, agent } = world.people;
    ({ id: ticketId } = await world.openTicket(requester, { companyId }));
    conversationId = await world.start({ companyId, ticketId });
    for (let index = 0; index < MOST; index++) {
      const by = [requester, agent][index % 2]!;
      await world.addReply(by, { ticketId, body: replyText(index), files: [textFile()] });
      await world.say(agent, conversationId, { body: messageText(index), files: [textFile()] });
    }
  });

  afterAll(() => world?.close());

  describe.each(Object.entries(LISTS))("bodies of %s", (_name, { text, of, list }) => {
    const id = of.includes("ticketId") ? "$ticketId: ID!" : "$conversationId: ID!";
    const query = (fields: string, others = "") =>
      `query (${id}, $first: Int ${others}) { of: ${of} { list: ${list(fields)} } }`;
    it("are not read where nobody asks for them", async () => {
      expect((await ask(query("id createdAt"), { first: MOST })).reading).toEqual([]);
    });

    const texts = (count: number) => Array.from({ length: count }, (_, index) => text(index));

    it("are read with the list where it asks for them, whatever the page holds", async () => {
      for (const first of [1, 2, MOST]) {
        const without = await ask(query("id"), { first });
        const { data, run, reading } = await ask<Listed>(query("id body"), { first });
        expect(reading).toHaveLength(1);
        expect(run).toHaveLength(without.run.length);
        expect(bodiesIn(data)).toEqual(texts(first));
      }
    });

    it("cost one statement more where the document leaves them to a directive, and none when they are left out", async () => {
      for (const [directive, left] of [
        ["@include(if: $more)", false],
        ["@skip(if: $more)", true],
      ] as const) {
        const asked = query(`id body ${directive}`, "$more: Boolean!");
        const first = MOST;
        const without = await ask(asked, { first, more: left });
        expect(without.reading).toEqual([]);
        const { data, run, reading } = await ask<Listed>(asked, { first, more: !left });
        expect(reading).toHaveLength(1);
        expect(run).toHaveLength(without.run.length + 1);
        expect(bodiesIn(data)).toEqual(texts(first));
      }
    });

    it("are not read for a part of the document that is left out", async () => {
      const document = `query (${id}, $first: Int, $more: Boolean!) {
      of: ${of} { ... @include(if: $more) { list: ${list("body")} } list: ${list("id")} } }`;
      expect((await ask(document, { first: MOST, more: false })).reading).toEqual([]);
    });
  });

  describe("bodies of what stands elsewhere", () => {
    it.each([
      "ticket(id: $ticketId) { replies { nodes { id attachments { nodes { id reply { id } } } } } }",
      "conversation(id: $conversationId) { lastMessage { id replyTo { id } } }",
      "conversation(id: $conversationId) { messages { nodes { id attachments { nodes { message { id } } } } } }",
      "ticket(id: $ticketId) { conversations { nodes { lastMessage { id } unreadCount } } }",
    ])("are not read for { %s }", async (fields) => {
      const variables = fields.includes("$ticketId") ? "$ticketId: ID!" : "$conversationId: ID!";
      const { reading } = await ask(`query (${variables}) { ${fields} }`, {});
      expect(reading).toEqual([]);
    });

    it("are read where they are asked for", async () => {
      const attached = `query ($ticketId: ID!) { ticket(id: $ticketId) {
      replies(last: 1) { nodes { attachments { nodes { reply { body } } } } } } }`;
      expect(JSON.stringify((await ask(attached, {})).data)).toContain(replyText(MOST - 1));
      const last =
        "query ($conversationId: ID!) { conversation(id: $conversationId) { lastMessage { body } } }";
      expect(JSON.stringify((await ask(last, {})).data)).toContain(messageText(MOST - 1));
    });
  });
});
