import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import type { StartConversationInput } from "../../../support/generated/operations.js";
import {
  AddConversationParticipantDocument,
  CloseConversationDocument,
  ConversationsDocument,
  DeleteMessageDocument,
  MarkReadDocument,
  RemoveConversationParticipantDocument,
  ReopenConversationDocument,
  StartConversationDocument,
  TicketConversationsDocument,
} from "../../../support/generated/operations.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeIn } from "../../../support/test-client.js";

let world: ChatWorld;
let companyId: string;
const statements: string[] = [];

const startWith = async (input: Partial<StartConversationInput>) =>
  world.server.gql(StartConversationDocument, { input: { companyId, ...input } }, world.people.agent.token);

describe("conversation", () => {
  beforeAll(async () => {
    world = await startChatWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("starting", () => {
    it("takes who starts it and who is asked as participants, with subject, room and ticket", async () => {
      const { agent, participant, requester } = world.people;
      const ticket = await world.openTicket(requester, { companyId });
      const { data } = await startWith({
        subject: "  Late check-out ",
        room: "204",
        ticketId: ticket.id,
        participantIds: [participant.id, agent.id, participant.id],
      });
      const started = data!.startConversation;
      expect(started).toMatchObject({
        subject: "Late check-out",
        room: "204",
        unreadCount: 0,
        eventCursor: "0",
        closedAt: null,
        company: { id: companyId },
        ticket: { id: ticket.id },
        startedBy: { id: agent.id },
        participants: [{ id: agent.id }, { id: participant.id }].sort((a, b) => (a.id < b.id ? -1 : 1)),
        guests: [],
        lastMessage: null,
      });
      // Who takes part, but may not read the ticket, is not told of it.
      expect((await world.read(participant, started.id)).ticket).toBeNull();
      const found = await world.server.gql(TicketConversationsDocument, { id: ticket.id }, agent.token);
      expect(found.data!.ticket!.conversations).toEqual({ totalCount: 1, nodes: [{ id: started.id }] });
      const hers = await world.server.gql(TicketConversationsDocument, { id: ticket.id }, requester.token);
      expect(hers.data!.ticket!.conversations).toEqual({ totalCount: 0, nodes: [] });
    });

    it("takes a subject and a room in a line that shows what it says, or blank", async () => {
      for (const line of ["a\0b", "\u200b", "Room \u001b[31m402"])
        for (const field of ["subject", "room"])
          expect([line, field, codeIn(await startWith({ [field]: line }))]).toEqual([
            line,
            field,
            "BAD_USER_INPUT",
          ]);
      const { data } = await startWith({ subject: "", room: " \u200e " });
      expect(data!.startConversation).toMatchObject({ subject: null, room: null });
      const read = await startWith({ subject: "Late\n check-out", room: "Zimmer \u202eGru\u0308n" });
      expect(read.data!.startConversation).toMatchObject({ subject: "Late check-out", room: "Zimmer Grün" });
    });

    it("refuses what is too long, strangers by their ids, and tickets of other companies", async () => {
      const { agent, stranger, requester } = world.people;
      const failure = async (input: Partial<StartConversationInput>) =>
        (await startWith(input)).errors?.[0]?.extensions;
      expect(await failure({ subject: "x".repeat(201) })).toMatchObject({ code: "BAD_USER_INPUT" });
      expect(await failure({ room: "x".repeat(101) })).toMatchObject({ code: "BAD_USER_INPUT" });
      const bad = [stranger.id, "nobody"];
      expect(await failure({ participantIds: [...bad, requester.id] })).toMatchObject({
        code: "BAD_USER_INPUT",
        field: "participantIds",
        ids: bad,
      });
      const many = Array.from({ length: 50 }, (_, index) => `person ${index}`);
      expect(await failure({ participantIds: many })).toMatchObject({ code: "BAD_USER_INPUT", limit: 50 });
      const elsewhere = await world.newCompany();
      const { id } = await world.openTicket(agent, { companyId: elsewhere });
      expect(await failure({ ticketId: id })).toMatchObject({ code: "BAD_USER_INPUT", field: "ticketId" });
    });
  });

  describe("taking part", () => {
    it("tells who came and left, and keeps to 50 also when many are added at once", async () => {
      const { agent, participant, customer, admin } = world.people;
      const id = await world.start({ companyId });
      const add = (userId: string) =>
        world.server.gql(
          AddConversationParticipantDocument,
          { input: { conversationId: id, userId } },
          agent.token,
        );
      await add(participant.id);
      await add(participant.id);
      expect(codeIn(await add(world.people.stranger.id))).toBe("BAD_USER_INPUT");
      const { sql } = world.server.database;
      await sql`insert into users (id, email, name, password_hash)
      select gen_random_uuid(), 'extra' || n || '@acme.test', 'Extra ' || n, 'x' from generate_series(1, 47) n`;
      await sql`insert into memberships (id, company_id, user_id, role)
      select gen_random_uuid(), ${companyId}, id, 'CUSTOMER' from users where email like 'extra%'`;
      await sql`insert into conversation_participants (company_id, conversation_id, user_id)
      select ${companyId}, ${id}, id from users where email like 'extra%'`;
      const rest = [customer.id, world.people.requester.id, world.people.manager.id];
      const codes = (await Promise.all(rest.map(add))).map(codeIn);
      expect(codes.sort()).toEqual(["BAD_USER_INPUT", "BAD_USER_INPUT", "ok"]);
      const leave = await world.server.gql(
        RemoveConversationParticipantDocument,
        { input: { conversationId: id, userId: participant.id } },
        participant.token,
      );
      expect(codeIn(leave)).toBe("ok");
      const log = await world.log(id);
      expect(log.map(({ type }) => type)).toEqual([
        "participant.joined",
        "participant.joined",
        "participant.left",
      ]);
      expect(log[2]!.payload).toEqual({ userId: participant.id });
      expect(codeIn(await world.server.gql(`{ conversation(id: "${id}") { id } }`, {}, admin.token))).toBe(
        "ok",
      );
    });

    it("ends with the membership, in all of the company's conversations, and does not begin again", async () => {
      const { admin, agent, participant, requester } = world.people;
      const [own, other] = [await world.newCompany(), await world.newCompany()];
      const participantIds = [participant.id, requester.id];
      const ids = [];
      for (const company of [own, own, other])
        ids.push(await world.start({ companyId: company, participantIds }));
      const administer = async (query: string, input: object) =>
        expect(codeIn(await world.server.gql(query, { input }, admin.token))).toBe("ok");
      await administer(
        `mutation ($input: RemoveMembershipInput!) { removeMembership(input: $input) { id } }`,
        {
          companyId: own,
          userId: participant.id.toUpperCase(),
        },
      );
      const left = [{ sequence: 1, type: "participant.left", payload: { userId: participant.id } }];
      expect(await Promise.all(ids.map(world.log))).toEqual([left, left, []]);
      await administer(`mutation ($input: SetMembershipInput!) { setMembership(input: $input) { id } }`, {
        companyId: own,
        email: participant.email,
        role: "CUSTOMER",
      });
      const listed = async (id: string) => (await world.read(agent, id)).participants.map((one) => one.id);
      for (const id of ids)
        expect((await listed(id)).sort()).toEqual(
          [agent.id, requester.id, ...(id === ids[2] ? [participant.id] : [])].sort(),
        );
      const mine = { filter: { companyId: own } };
      const { data } = await world.server.gql(ConversationsDocument, mine, participant.token);
      expect(data!.conversations.totalCount).toBe(0);
    });
  });

  describe("closing", () => {
    it("says who closed it and when, once, until it is opened again", async () => {
      const { agent, manager } = world.people;
      const id = await world.start({ companyId });
      const { gql } = world.server;
      const closed = (await gql(CloseConversationDocument, { id }, agent.token)).data!.closeConversation;
      expect(closed.closedBy).toEqual({ id: agent.id });
      const again = (await gql(CloseConversationDocument, { id }, manager.token)).data!.closeConversation;
      expect([again.closedBy, again.closedAt]).toEqual([closed.closedBy, closed.closedAt]);
      const open = (await gql(ReopenConversationDocument, { id }, manager.token)).data!.reopenConversation;
      expect([open.closedBy, open.closedAt]).toEqual([null, null]);
      await world.say(agent, id, "Again");
      expect((await world.log(id)).map(({ type }) => type)).toEqual([
        "conversation.closed",
        "conversation.reopened",
        "message.added",
      ]);
    });
  });

  describe("reading", () => {
    it("counts the messages of others that are not deleted behind the mark, which never goes back", async () => {
      const { agent, manager } = world.people;
      const id = await world.start({ companyId });
      const guest = await world.guestIn(id);
      const sent = [];
      for (const by of [agent, guest, agent, guest]) sent.push(await world.say(by, id, "Hello"));
      const mark = async (by: { token: string }, messageId: string) =>
        world.server.gql(MarkReadDocument, { input: { conversationId: id, messageId } }, by.token);
      const unread = async (by: typeof guest) => (await world.read(by, id)).unreadCount;
      expect([await unread(agent), await unread(guest), await unread(manager)]).toEqual([2, 2, 4]);
      expect((await mark(agent, sent[1]!.id)).data!.markRead.unreadCount).toBe(1);
      expect((await mark(guest, sent[3]!.id)).data!.markRead.unreadCount).toBe(0);
      expect((await mark(guest, sent[0]!.id)).data!.markRead.unreadCount).toBe(0);
      await world.server.gql(DeleteMessageDocument, { id: sent[3]!.id }, guest.token);
      expect([await unread(agent), await unread(guest), await unread(manager)]).toEqual([0, 0, 3]);
      const elsewhere = await world.say(agent, await world.start({ companyId }), "Else");
      expect(codeIn(await mark(agent, elsewhere.id))).toBe("BAD_USER_INPUT");
    });

    it("counts no more than a thousand unread messages", async () => {
      const { agent, manager } = world.people;
      const id = await world.start({ companyId });
      await world.server.database.sql`
      insert into chat_messages (id, company_id, conversation_id, number, sender_id, body)
      select gen_random_uuid(), ${companyId}, ${id}, n, ${agent.id}, 'Hm' from generate_series(1, 1200) n`;
      expect((await world.read(manager, id)).unreadCount).toBe(1_000);
    });

    it("pages through messages from both ends", async () => {
      const { agent } = world.people;
      const id = await world.start({ companyId });
      for (const body of ["1", "2", "3", "4", "5"]) await world.say(agent, id, body);
      const page = async (args: object) => {
        const { messages } = await world.read(agent, id, args);
        return { bodies: messages.nodes.map(({ body }) => body).join(), ...messages.pageInfo };
      };
      const first = await page({ first: 2 });
      expect(first).toMatchObject({ bodies: "1,2", hasNextPage: true });
      expect(await page({ first: 2, after: first.endCursor })).toMatchObject({ bodies: "3,4" });
      const last = await page({ last: 2 });
      expect(last).toMatchObject({ bodies: "4,5", hasPreviousPage: true, hasNextPage: false });
      expect(await page({ last: 9, before: last.startCursor })).toMatchObject({
        bodies: "1,2,3",
        hasPreviousPage: false,
      });
    });
  });

  it("takes ids in capitals, and names them to others as they are", async () => {
    const { agent, participant } = world.people;
    const id = await world.start({ companyId });
    const conversationId = id.toUpperCase();
    const input = { conversationId, userId: participant.id.toUpperCase() };
    expect(codeIn(await world.server.gql(AddConversationParticipantDocument, { input }, agent.token))).toBe(
      "ok",
    );
    const sent = await world.say(agent, id, "Hello");
    const reading = { conversationId, messageId: sent.id.toUpperCase() };
    const read = await world.server.gql(MarkReadDocument, { input: reading }, participant.token);
    expect(read.data?.markRead.unreadCount).toBe(0);
    const left = await world.server.gql(RemoveConversationParticipantDocument, { input }, participant.token);
    expect(codeIn(left)).toBe("ok");
    const log = await world.log(id);
    expect([log[0]!.payload, log[2]!.payload]).toEqual([
      { userId: participant.id },
      { userId: participant.id },
    ]);
  });

  describe("listing", () => {
    it("puts the newest activity first, page by page, for each their own, with filters", async () => {
      const { agent, participant, admin } = world.people;
      const own = await world.newCompany();
      const ids: string[] = [];
      for (const room of ["1", "2", "3", "4", "5"])
        ids.push(
          await world.start({ companyId: own, room, participantIds: room > "3" ? [participant.id] : [] }),
        );
      await world.say(agent, ids[1]!, "Newest");
      await world.server.gql(CloseConversationDocument, { id: ids[0]! }, agent.token);
      const guest = await world.guestIn(ids[2]!);
      const list = async (by: { token: string }, filter: object, args: object = {}) => {
        const variables = { filter: { companyId: own, ...filter }, ...args };
        const { conversations } = (await world.server.gql(ConversationsDocument, variables, by.token)).data!;
        const rooms = conversations.nodes.map(({ room }) => room).join("");
        return { rooms, count: conversations.totalCount, ...conversations.pageInfo };
      };
      const first = await list(agent, {}, { first: 2 });
      expect(first).toMatchObject({ rooms: "25", count: 5, hasNextPage: true });
      const second = await list(agent, {}, { first: 2, after: first.endCursor });
      expect(second).toMatchObject({ rooms: "43", hasNextPage: true });
      expect(await list(agent, {}, { last: 2, before: second.startCursor })).toMatchObject({ rooms: "25" });
      expect(await list(admin, {})).toMatchObject({ rooms: "25431" });
      expect(await list(admin, { mine: true })).toMatchObject({ rooms: "", count: 0 });
      expect(await list(agent, { mine: true, isClosed: true })).toMatchObject({ rooms: "1", count: 1 });
      expect(await list(agent, { isClosed: false })).toMatchObject({ rooms: "2543" });
      expect(await list(agent, { room: "4" })).toMatchObject({ rooms: "4" });
      expect(await list(participant, {})).toMatchObject({ rooms: "54", count: 2 });
      expect(await list(participant, { mine: true })).toMatchObject({ rooms: "54" });
      expect(await list(guest, {})).toMatchObject({ rooms: "3", count: 1 });
      expect(await list(world.people.outsideManager, {})).toMatchObject({ rooms: "", count: 0 });
    });

    it("takes a number of statements that does not grow with the conversations", async () => {
      const { agent } = world.people;
      const own = await world.newCompany();
      const query = `query ($companyId: ID!) { conversations(filter: { companyId: $companyId }, first: 20) { nodes {
      id unreadCount participants { id } guests { id } startedBy { id } lastMessage { body sender { id } }
      messages(last: 3) { totalCount nodes { body } } } } }`;
      const counted = () =>
        countStatements(statements, async () => {
          expect(codeIn(await world.server.gql(query, { companyId: own }, agent.token))).toBe("ok");
        });
      const add = async () => world.say(agent, await world.start({ companyId: own }), "Hello");
      await add();
      const one = await counted();
      for (let index = 0; index < 4; index += 1) await add();
      expect(await counted()).toBe(one);
    });
  });
});
