import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "../../../src/kernel/ids.js";
import type { AddReplyInput, AddReplyMutation } from "../../support/generated/operations.js";
import {
  AddReplyDocument,
  AttachmentDocument,
  DeleteReplyDocument,
  TicketDocument,
  UpdateReplyDocument,
} from "../../support/generated/operations.js";
import { codeIn, codeOf } from "../../support/test-client.js";
import type { SignedIn } from "../../support/test-server.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

const read = async (person: SignedIn) =>
  (await world.server.gql(TicketDocument, { id: ticketId }, person.token)).data!.ticket!;

const bodiesFor = async (person: SignedIn) => (await read(person)).replies.nodes.map(({ body }) => body);

const urlsOf = ({ attachments }: AddReplyMutation["addReply"]) =>
  attachments.nodes.flatMap(({ url, mediaFile }) => [url, mediaFile!.url]);

const writeReply = (person: SignedIn, input: Partial<AddReplyInput>) =>
  world.server.gql(AddReplyDocument, { input: { ticketId, body: "Hm.", ...input } }, person.token);

describe("reply", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  beforeEach(async () => {
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
    await world.addParticipant(ticketId, world.people.participant);
  });

  afterAll(() => world?.close());

  describe("replies", () => {
    it("stand in the order of writing, whoever wrote them, with their files", async () => {
      const { requester, participant, agent } = world.people;
      await world.addReply(agent, { ticketId, body: "one", files: [textFile("a.txt"), textFile("b.txt")] });
      await world.addReply(requester, { ticketId, body: "two" });
      await world.addReply(participant, { ticketId, body: "three" });
      const { replies } = await read(requester);
      expect(replies.totalCount).toBe(3);
      expect(replies.nodes.map(({ body, author }) => [body, author.email])).toEqual([
        ["one", agent.email],
        ["two", requester.email],
        ["three", participant.email],
      ]);
      expect(replies.nodes[0]!.attachments.nodes.map(({ fileName }) => fileName)).toEqual(["a.txt", "b.txt"]);
    });

    it("are read page by page, forward and from the end", async () => {
      const { requester } = world.people;
      for (const body of ["1", "2", "3", "4", "5"]) await writeReply(requester, { body });
      const page = async (args: string) => {
        const query = `query ($id: ID!) { ticket(id: $id) { replies(${args}) {
        nodes { body } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
        type Answer = {
          ticket: { replies: { nodes: { body: string }[]; pageInfo: Record<string, unknown> } };
        };
        const { data } = await world.server.gql<Answer>(query, { id: ticketId }, requester.token);
        const { nodes, pageInfo } = data!.ticket.replies;
        return { bodies: nodes.map(({ body }) => body), pageInfo };
      };
      const first = await page("first: 2");
      expect(first).toMatchObject({
        bodies: ["1", "2"],
        pageInfo: { hasNextPage: true, hasPreviousPage: false },
      });
      const second = await page(`first: 3, after: "${first.pageInfo.endCursor}"`);
      expect(second).toMatchObject({
        bodies: ["3", "4", "5"],
        pageInfo: { hasNextPage: false, hasPreviousPage: true },
      });
      const last = await page("last: 3");
      expect(last).toMatchObject({
        bodies: ["3", "4", "5"],
        pageInfo: { hasNextPage: false, hasPreviousPage: true },
      });
      expect((await page(`last: 3, before: "${last.pageInfo.startCursor}"`)).bodies).toEqual(["1", "2"]);
    });

    it.each<[string, Partial<AddReplyInput>]>([
      ["says nothing", { body: "" }],
      ["says nothing but blanks", { body: " \n\t" }],
      ["is longer than 50,000 characters", { body: "x".repeat(50_001) }],
      ["has a NUL in it", { body: "a\0b" }],
    ])("are refused when one %s", async (_what, input) => {
      expect(codeIn(await writeReply(world.people.requester, input))).toBe("BAD_USER_INPUT");
      expect(await bodiesFor(world.people.requester)).toEqual([]);
    });

    it("are edited by their author", async () => {
      const { requester } = world.people;
      const { id } = await world.addReply(requester, { ticketId, body: "Frist" });
      const input = { id, body: "First" };
      const { data } = await world.server.gql(UpdateReplyDocument, { input }, requester.token);
      expect(data?.updateReply).toMatchObject({ id, body: "First" });
      expect(await bodiesFor(world.people.agent)).toEqual(["First"]);
      const empty = await world.server.gql(
        UpdateReplyDocument,
        { input: { id, body: " " } },
        requester.token,
      );
      expect(codeIn(empty)).toBe("BAD_USER_INPUT");
    });

    it("go with their files when they are deleted", async () => {
      const { requester, agent, manager, stranger } = world.people;
      await world.addReply(agent, { ticketId, body: "kept", files: [textFile()] });
      const reply = await world.addReply(requester, { ticketId, body: "gone", files: [textFile()] });
      const { data } = await world.server.gql(DeleteReplyDocument, { id: reply.id }, requester.token);
      expect(data?.deleteReply.deletedAt).not.toBeNull();
      for (const person of [requester, agent, manager]) {
        expect(await read(person)).toMatchObject({ replies: { totalCount: 1, nodes: [{ body: "kept" }] } });
        const [file] = reply.attachments.nodes;
        const seen = await world.server.gql(AttachmentDocument, { id: file!.id }, person.token);
        expect(seen.data?.attachment).toBeNull();
        for (const url of urlsOf(reply)) expect(await downloadStatus(url, person)).toBe(410);
      }
      for (const url of urlsOf(reply)) {
        expect((await fetch(url)).status).toBe(410);
        expect(await downloadStatus(url, stranger)).toBe(404);
      }
      const again = await world.server.gql(DeleteReplyDocument, { id: reply.id }, requester.token);
      expect(codeIn(again)).toBe("GONE");
      const input = { id: reply.id, body: "back" };
      expect(codeIn(await world.server.gql(UpdateReplyDocument, { input }, requester.token))).toBe("GONE");
    });

    it("answer NOT_FOUND for an id that is none", async () => {
      for (const id of ["1", newId()]) {
        const { token } = world.people.admin;
        expect(codeIn(await world.server.gql(DeleteReplyDocument, { id }, token))).toBe("NOT_FOUND");
        expect(await codeOf(world.addReply(world.people.agent, { ticketId: id }))).toBe("NOT_FOUND");
      }
    });
  });

  describe("internal replies", () => {
    it("are seen by staff alone: in lists, in counts, by id, in downloads, in the ticket's figures", async () => {
      const { requester, participant, agent, manager, admin } = world.people;
      await world.addReply(agent, { ticketId, body: "public" });
      const before = await read(requester);
      const internal = await world.addReply(agent, {
        ticketId,
        body: "internal",
        isInternal: true,
        files: [textFile()],
      });
      const [file] = internal.attachments.nodes;
      for (const person of [agent, manager, admin]) {
        expect(await bodiesFor(person)).toEqual(["public", "internal"]);
        expect((await read(person)).replies.totalCount).toBe(2);
        for (const url of urlsOf(internal)) expect(await downloadStatus(url, person)).toBe(200);
      }
      for (const person of [requester, participant]) {
        const seen = await read(person);
        expect(seen.replies).toMatchObject({ totalCount: 1, nodes: [{ body: "public" }] });
        expect(seen).toMatchObject({
          attachmentCount: before.attachmentCount,
          attachmentBytes: before.attachmentBytes,
          attachments: { totalCount: 0 },
        });
        const byId = await world.server.gql(AttachmentDocument, { id: file!.id }, person.token);
        expect(byId.data?.attachment).toBeNull();
        for (const url of urlsOf(internal)) expect(await downloadStatus(url, person)).toBe(404);
      }
    });

    it("leave no gap in a customer's pages", async () => {
      const { requester, agent } = world.people;
      for (let index = 0; index < 6; index++)
        await writeReply(agent, { body: String(index), isInternal: index % 2 === 1 });
      const query = `query ($id: ID!) { ticket(id: $id) { replies(last: 3) {
      nodes { body } pageInfo { hasPreviousPage } } } }`;
      const { data } = await world.server.gql(query, { id: ticketId }, requester.token);
      expect(data).toEqual({
        ticket: {
          replies: {
            nodes: [{ body: "0" }, { body: "2" }, { body: "4" }],
            pageInfo: { hasPreviousPage: false },
          },
        },
      });
    });

    it("are hidden even from a customer's download URL that was signed when the file was theirs to see", async () => {
      const { requester, agent, admin } = world.people;
      // Once of the staff, the requester signs a URL; then the role is taken away.
      const setRole = (role: string) =>
        world.server.gql(
          "mutation ($input: SetMembershipInput!) { setMembership(input: $input) { role } }",
          { input: { companyId, email: requester.email, role } },
          admin.token,
        );
      await setRole("AGENT");
      const internal = await world.addReply(agent, { ticketId, isInternal: true, files: [textFile()] });
      const [file] = (await read(requester)).replies.nodes[0]!.attachments.nodes;
      expect((await fetch(file!.url)).status).toBe(200);
      await setRole("CUSTOMER");
      expect((await fetch(file!.url)).status).toBe(404);
      expect((await fetch(urlsOf(internal)[0]!)).status).toBe(200);
    });
  });
});
