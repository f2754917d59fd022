import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "../../../src/kernel/ids.js";
import { eventsOf, inShort } from "../../support/event-log.js";
import type { UpdateTicketInput } from "../../support/generated/operations.js";
import {
  AddParticipantDocument,
  AttachmentDocument,
  CreateTicketDocument,
  DeleteAttachmentDocument,
  DeleteTicketDocument,
  RemoveParticipantDocument,
  RestoreAttachmentDocument,
  RestoreTicketDocument,
  TicketDocument,
  TicketsDocument,
  UpdateAttachmentDocument,
  UpdateTicketDocument,
} from "../../support/generated/operations.js";
import { codeIn, codeOf, failureOf } from "../../support/test-client.js";
import type { SignedIn } from "../../support/test-server.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const read = async (person: SignedIn, id: string) =>
  (await world.server.gql(TicketDocument, { id }, person.token)).data?.ticket ?? null;

const change = (person: SignedIn, input: UpdateTicketInput) =>
  world.server.gql(UpdateTicketDocument, { input }, person.token);

const administer = (mutation: string, input: object) =>
  world.server.gql<unknown>(mutation, { input }, world.people.admin.token);
const become = ({ email }: SignedIn, role: "AGENT" | "CUSTOMER") =>
  administer("mutation ($input: SetMembershipInput!) { setMembership(input: $input) { id } }", {
    companyId,
    email,
    role,
  });
const eventsOn = async (id: string) =>
  inShort(await eventsOf(world.server, `ticket:${id}`)).filter(([type]) => type !== "participant.joined");
const open = async () => (await world.openTicket(world.people.requester, { companyId })).id;

/** The last that was written down of a ticket. */
async function lastEntryOf(id: string) {
  const entries = await world.server.database.sql`select action, actor_id as by, details from audit_log
    where subject_id = ${id} order by id desc limit 1`;
  return entries[0];
}

describe("ticket", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("opening a ticket", () => {
    it("numbers the tickets of each company from 1, without gaps or doubles, when fifty are opened at once", async () => {
      const [here, there] = [await world.newCompany(), await world.newCompany()];
      const { requester, agent } = world.people;
      const open = (index: number) =>
        world.server.gql(
          CreateTicketDocument,
          { input: { companyId: index % 5 ? here : there, subject: `Ticket ${index}` } },
          [requester, agent][index % 2]!.token,
        );
      const opened = await Promise.all(Array.from({ length: 50 }, (_, index) => open(index)));
      const numbersIn = (id: string) =>
        opened
          .map(({ data }) => data!.createTicket)
          .filter(({ company }) => company.id === id)
          .map(({ number }) => number)
          .sort((a, b) => a - b);
      expect(numbersIn(here)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      expect(numbersIn(there)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    });

    it("uses up no number when a file is refused", async () => {
      const { requester } = world.people;
      const before = await world.openTicket(requester, { companyId });
      const failure = await failureOf(
        world.openTicket(requester, { companyId, files: [textFile(), new File([], "empty.txt")] }),
      );
      expect(failure).toMatchObject({ extensions: { index: 1, fileName: "empty.txt" } });
      const after = await world.openTicket(requester, { companyId });
      expect(after.number).toBe(before.number + 1);
    });

    it("takes a subject alone, and trims it", async () => {
      const { data } = await world.server.gql(
        CreateTicketDocument,
        { input: { companyId, subject: "  Heating  " } },
        world.people.requester.token,
      );
      expect(data!.createTicket).toMatchObject({
        subject: "Heating",
        description: "",
        status: "OPEN",
        priority: "NORMAL",
        assignee: null,
        participants: [],
        attachmentCount: 0,
        attachmentBytes: 0,
        deletedAt: null,
      });
    });

    it.each([
      ["an empty subject", { subject: "" }],
      ["a subject of blanks", { subject: "   " }],
      ["a subject of 201 characters", { subject: "x".repeat(201) }],
      ["a subject with NUL", { subject: "a\0b" }],
      ["a description of 50,001 characters", { description: "x".repeat(50_001) }],
      ["a description with NUL", { description: "\0" }],
      ["a company that is none", { companyId: "acme" }],
    ])("refuses %s", async (_what, input) => {
      const answer = await world.server.gql(
        CreateTicketDocument,
        { input: { companyId, subject: "Fine", ...input } },
        world.people.requester.token,
      );
      expect(codeIn(answer)).toBe("BAD_USER_INPUT");
    });

    it("answers NOT_FOUND for a company that is not there", async () => {
      const input = { companyId: newId(), subject: "Hello" };
      for (const person of [world.people.requester, world.people.admin])
        expect(codeIn(await world.server.gql(CreateTicketDocument, { input }, person.token))).toBe(
          "NOT_FOUND",
        );
    });
  });

  describe("changing a ticket", () => {
    let id: string;
    beforeEach(async () => {
      id = (await world.openTicket(world.people.requester, { companyId })).id;
    });

    it("changes what is given and leaves the rest", async () => {
      const { agent, manager } = world.people;
      const all = { status: "PENDING", priority: "HIGH", subject: "New", description: "Else" } as const;
      const changed = await change(agent, { id, ...all, assigneeId: manager.id });
      expect(changed.data?.updateTicket).toMatchObject({ ...all, assignee: { id: manager.id } });
      await change(agent, { id, priority: "LOW", subject: null, status: null });
      expect(await read(agent, id)).toMatchObject({ ...all, priority: "LOW", assignee: { id: manager.id } });
      await change(agent, { id, assigneeId: null });
      expect(await read(agent, id)).toMatchObject({ assignee: null, status: "PENDING" });
    });

    it("moves it up in the list ordered by the last change", async () => {
      const { agent } = world.people;
      await world.openTicket(world.people.requester, { companyId });
      const before = (await read(agent, id))!.updatedAt;
      await change(agent, { id, priority: "LOW" });
      expect(Date.parse((await read(agent, id))!.updatedAt)).toBeGreaterThan(Date.parse(before));
      const orderBy = { field: "UPDATED_AT", direction: "DESC" } as const;
      const filter = { companyId };
      const { data } = await world.server.gql(TicketsDocument, { filter, orderBy, first: 1 }, agent.token);
      expect(data!.tickets.edges[0]!.node.id).toBe(id);
    });

    it("lets its requester close it and open it again, from whatever status", async () => {
      const { requester, agent } = world.people;
      for (const status of ["OPEN", "PENDING", "RESOLVED"] as const) {
        await change(agent, { id, status });
        expect(codeIn(await change(requester, { id, status: "CLOSED" }))).toBe("ok");
        expect(codeIn(await change(requester, { id, status: "OPEN" }))).toBe("ok");
      }
      expect(await read(requester, id)).toMatchObject({ status: "OPEN" });
    });

    it("makes no part of a change when one part is forbidden", async () => {
      const { requester } = world.people;
      expect(codeIn(await change(requester, { id, subject: "Mine", priority: "URGENT" }))).toBe("FORBIDDEN");
      expect(await read(requester, id)).toMatchObject({ subject: "It hums", priority: "NORMAL" });
    });

    it.each(["requester", "participant", "stranger", "outsideManager", "admin"] as const)(
      "refuses the %s as assignee, who is not of the company's staff",
      async (part) => {
        const answer = await change(world.people.agent, { id, assigneeId: world.people[part].id });
        expect(codeIn(answer)).toBe("BAD_USER_INPUT");
        expect(answer.errors?.[0]?.extensions).toMatchObject({ field: "assigneeId", status: 400 });
      },
    );

    it.each<[string, Partial<UpdateTicketInput>]>([
      ["an assignee that is none", { assigneeId: "somebody" }],
      ["an empty subject", { subject: " " }],
      ["a subject with NUL", { subject: "\0" }],
      ["a status that is none", { status: "DONE" as "OPEN" }],
    ])("refuses %s", async (_what, input) => {
      expect(codeIn(await change(world.people.agent, { id, ...input }))).toBe("BAD_USER_INPUT");
    });

    it.each(["", "1", newId()])("answers NOT_FOUND for the id %j", async (unknown) => {
      expect(codeIn(await change(world.people.agent, { id: unknown, status: "CLOSED" }))).toBe("NOT_FOUND");
      expect(await read(world.people.agent, unknown)).toBeNull();
    });
  });

  describe("participants", () => {
    const add = (ticketId: string, userId: string) =>
      world.server.gql(AddParticipantDocument, { input: { ticketId, userId } }, world.people.agent.token);
    let id: string;
    beforeEach(async () => {
      id = (await world.openTicket(world.people.requester, { companyId })).id;
    });

    it("read along from the moment they are added until they are removed", async () => {
      const { participant } = world.people;
      expect(await read(participant, id)).toBeNull();
      const { data } = await add(id, participant.id);
      expect(data!.addParticipant.participants).toEqual([
        expect.objectContaining({ id: participant.id, email: participant.email }),
      ]);
      expect(await read(participant, id)).not.toBeNull();
      const input = { ticketId: id, userId: participant.id };
      const left = await world.server.gql(RemoveParticipantDocument, { input }, participant.token);
      expect(codeIn(left)).toBe("ok");
      expect(await read(participant, id)).toBeNull();
    });

    it("are added once, however often", async () => {
      const { participant, customer } = world.people;
      for (const person of [participant, customer, participant]) await add(id, person.id);
      expect((await read(world.people.agent, id))!.participants.map((person) => person.id)).toEqual([
        participant.id,
        customer.id,
      ]);
    });

    it("are removed once, however often", async () => {
      const { participant, agent } = world.people;
      await add(id, participant.id);
      const input = { ticketId: id, userId: participant.id };
      for (let time = 0; time < 2; time++) {
        const removed = await world.server.gql(RemoveParticipantDocument, { input }, agent.token);
        expect(removed.data?.removeParticipant.participants).toEqual([]);
      }
    });

    it("are people of the company alone", async () => {
      for (const userId of [world.people.stranger.id, newId(), "somebody", ""])
        expect(codeIn(await add(id, userId))).toBe("BAD_USER_INPUT");
      const input = { ticketId: id, userId: "somebody" };
      const removed = await world.server.gql(RemoveParticipantDocument, { input }, world.people.agent.token);
      expect(codeIn(removed)).toBe("ok");
    });

    it("are fifty at most, even when several race for the last place", async () => {
      const { sql } = world.server.database;
      const ids = Array.from({ length: 54 }, () => newId());
      await sql`insert into users ${sql(ids.map((user) => ({ id: user, email: `${user}@acme.test`, name: "One of many" })))}`;
      await sql`insert into memberships ${sql(ids.map((user) => ({ id: newId(), company_id: companyId, user_id: user, role: "CUSTOMER" })))}`;
      const place = (user: string) => ({ company_id: companyId, ticket_id: id, user_id: user });
      await sql`insert into ticket_participants ${sql(ids.slice(0, 49).map(place))}`;
      const codes = await Promise.all(ids.slice(49).map(async (user) => codeIn(await add(id, user))));
      expect(codes.filter((code) => code === "ok")).toHaveLength(1);
      expect(codes.filter((code) => code === "BAD_USER_INPUT")).toHaveLength(4);
      expect((await read(world.people.agent, id))!.participants).toHaveLength(50);
      expect(codeIn(await add(id, ids[0]!))).toBe("ok");
    });
  });

  describe("who leaves the company", () => {
    const leave = ({ id: userId }: SignedIn) =>
      administer("mutation ($input: RemoveMembershipInput!) { removeMembership(input: $input) { id } }", {
        companyId,
        userId,
      });
    const comeBack = become;

    it("takes part in none of its tickets from then on, and is told so, even after coming back", async () => {
      const { participant, customer, agent } = world.people;
      const [id, elsewhere] = [await open(), await open()];
      const other = await world.newCompany();
      const kept = (await world.openTicket(world.people.requester, { companyId: other })).id;
      for (const ticketId of [id, elsewhere, kept]) await world.addParticipant(ticketId, participant);
      await world.addParticipant(id, customer);
      expect(codeIn(await leave(participant))).toBe("ok");
      await comeBack(participant, "CUSTOMER");
      for (const ticketId of [id, elsewhere]) {
        expect(await read(participant, ticketId)).toBeNull();
        expect(await eventsOn(ticketId)).toEqual([["participant.left", { userId: participant.id }]]);
        expect(await lastEntryOf(ticketId)).toEqual({
          action: "ticket.participant-removed",
          by: world.people.admin.id,
          details: { userId: participant.id },
        });
      }
      expect((await read(agent, id))!.participants).toEqual([expect.objectContaining({ id: customer.id })]);
      expect(await read(participant, kept)).not.toBeNull();
      expect(await eventsOn(kept)).toEqual([]);
    });

    it("is assignee of none of its tickets, except for those that are closed until they are opened again", async () => {
      const { agent, manager, requester } = world.people;
      const [id, resolved, closed, others] = [await open(), await open(), await open(), await open()];
      for (const ticketId of [id, resolved, closed])
        await change(manager, { id: ticketId, assigneeId: agent.id });
      await change(manager, { id: resolved, status: "RESOLVED" });
      await change(manager, { id: closed, status: "CLOSED" });
      await change(manager, { id: others, assigneeId: manager.id });
      expect(codeIn(await leave(agent))).toBe("ok");
      for (const ticketId of [id, resolved])
        expect(await read(manager, ticketId)).toMatchObject({ assignee: null });
      expect(await read(manager, closed)).toMatchObject({ assignee: { id: agent.id }, status: "CLOSED" });
      expect(await read(manager, others)).toMatchObject({ assignee: { id: manager.id } });
      const updated = ["ticket.updated", {}];
      expect(await eventsOn(id)).toEqual([updated, updated]);
      expect(await eventsOn(closed)).toEqual([updated, updated]);
      const unassigned = {
        action: "ticket.updated",
        by: world.people.admin.id,
        details: { assigneeId: null },
      };
      expect(await lastEntryOf(id)).toEqual(unassigned);
      const same = await change(manager, { id: closed, priority: "LOW", assigneeId: agent.id });
      expect(same.data?.updateTicket).toMatchObject({ priority: "LOW", assignee: { id: agent.id } });
      const again = await change(requester, { id: closed, status: "OPEN" });
      expect(again.data?.updateTicket).toMatchObject({ status: "OPEN", assignee: null });
      await comeBack(agent, "AGENT");
      expect(await read(agent, id)).toMatchObject({ assignee: null });
    });

    it("reads none of their own tickets, until they come back", async () => {
      const { requester } = world.people;
      const id = await open();
      await leave(requester);
      expect(await read(requester, id)).toBeNull();
      expect(codeIn(await change(requester, { id, subject: "Mine" }))).toBe("NOT_FOUND");
      await comeBack(requester, "CUSTOMER");
      expect(await read(requester, id)).toMatchObject({ requester: { id: requester.id } });
    });

    it.each(["left", "been locked out"])(
      "is made neither participant nor assignee when they have %s",
      async (how) => {
        const { manager, agent } = world.people;
        const { sql } = world.server.database;
        const id = await open();
        if (how === "left") await leave(agent);
        else await sql`update users set deactivated_at = now() where id = ${agent.id}`;
        try {
          const input = { ticketId: id, userId: agent.id };
          expect(codeIn(await world.server.gql(AddParticipantDocument, { input }, manager.token))).toBe(
            "BAD_USER_INPUT",
          );
          expect(codeIn(await change(manager, { id, assigneeId: agent.id }))).toBe("BAD_USER_INPUT");
          expect(await read(manager, id)).toMatchObject({ assignee: null, participants: [] });
        } finally {
          await sql`update users set deactivated_at = null where id = ${agent.id}`;
          await comeBack(agent, "AGENT");
        }
      },
    );

    it("is on no ticket afterwards, when they are added and assigned at the same time", async () => {
      const { manager, agent } = world.people;
      for (let round = 0; round < 8; round++) {
        const id = await open();
        const input = { ticketId: id, userId: agent.id };
        const [left] = await Promise.all([
          leave(agent),
          world.server.gql(AddParticipantDocument, { input }, manager.token),
          change(manager, { id, assigneeId: agent.id }),
        ]);
        expect(codeIn(left)).toBe("ok");
        expect(await read(manager, id)).toMatchObject({ assignee: null, participants: [] });
        await comeBack(agent, "AGENT");
      }
    });
  });

  describe("who becomes a customer of the company", () => {
    it("is assignee of none of its tickets but closed ones, and still takes part where they did", async () => {
      const { agent, manager, requester, admin } = world.people;
      const [id, closed, others] = [await open(), await open(), await open()];
      for (const ticketId of [id, closed]) await change(manager, { id: ticketId, assigneeId: agent.id });
      await change(manager, { id: closed, status: "CLOSED" });
      await change(manager, { id: others, assigneeId: manager.id });
      await world.addParticipant(id, agent);
      const before = await eventsOn(id);
      expect(codeIn(await become(agent, "CUSTOMER"))).toBe("ok");
      try {
        expect(await read(agent, id)).toMatchObject({
          assignee: null,
          participants: [{ id: agent.id }],
        });
        expect(await read(manager, closed)).toMatchObject({ assignee: { id: agent.id } });
        expect(await read(manager, others)).toMatchObject({ assignee: { id: manager.id } });
        expect(await eventsOn(id)).toEqual([...before, ["ticket.updated", {}]]);
        const unassigned = { action: "ticket.updated", by: admin.id, details: { assigneeId: null } };
        expect(await lastEntryOf(id)).toEqual(unassigned);
        const again = await change(requester, { id: closed, status: "OPEN" });
        expect(again.data?.updateTicket).toMatchObject({ status: "OPEN", assignee: null });
      } finally {
        await become(agent, "AGENT");
      }
    });

    it("has no ticket afterwards, when it is assigned to them at the same time", async () => {
      const { manager, agent } = world.people;
      for (let round = 0; round < 8; round++) {
        const id = await open();
        const [became] = await Promise.all([
          become(agent, "CUSTOMER"),
          change(manager, { id, assigneeId: agent.id }),
        ]);
        expect(codeIn(became)).toBe("ok");
        expect(await read(manager, id)).toMatchObject({ assignee: null });
        await become(agent, "AGENT");
      }
    });
  });

  describe("a deleted ticket", () => {
    const remove = (id: string, person = world.people.manager) =>
      world.server.gql(DeleteTicketDocument, { id }, person.token);
    const restore = (id: string, person = world.people.manager) =>
      world.server.gql(RestoreTicketDocument, { id }, person.token);

    async function prepare() {
      const { requester, agent } = world.people;
      const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
      const reply = await world.addReply(agent, { ticketId: ticket.id, files: [textFile()] });
      const files = [...ticket.attachments.nodes, ...reply.attachments.nodes];
      const urls = files.flatMap(({ url, mediaFile }) => [url, mediaFile!.url]);
      return { ticket, urls, attachmentId: files[0]!.id };
    }

    it("is gone from every query and download, and comes back whole", async () => {
      const { requester, agent, manager, stranger } = world.people;
      const { ticket, urls, attachmentId } = await prepare();
      const { id } = ticket;
      expect((await remove(id)).data?.deleteTicket.deletedAt).not.toBeNull();
      for (const person of [requester, agent, manager]) {
        expect(await read(person, id)).toBeNull();
        const { data } = await world.server.gql(AttachmentDocument, { id: attachmentId }, person.token);
        expect(data?.attachment).toBeNull();
        const list = await world.server.gql(TicketsDocument, { filter: { companyId } }, person.token);
        expect(list.data!.tickets.edges.map(({ node }) => node.id)).not.toContain(id);
      }
      for (const url of urls) {
        expect((await fetch(url)).status).toBe(410);
        expect(await downloadStatus(url, manager)).toBe(410);
        expect(await downloadStatus(url, stranger)).toBe(404);
      }
      expect((await restore(id)).data?.restoreTicket).toMatchObject({ deletedAt: null, attachmentCount: 1 });
      expect(await read(requester, id)).toMatchObject({
        number: ticket.number,
        attachments: { totalCount: 1 },
        replies: { totalCount: 1, nodes: [{ attachments: { totalCount: 1 } }] },
      });
      for (const url of urls) expect((await fetch(url)).status).toBe(200);
    });

    it("answers GONE to every change by who may know of it, NOT_FOUND to others", async () => {
      const { requester, manager, stranger } = world.people;
      const { ticket, attachmentId } = await prepare();
      await remove(ticket.id);
      for (const [person, code] of [
        [requester, "GONE"],
        [stranger, "NOT_FOUND"],
      ] as const) {
        expect(codeIn(await change(person, { id: ticket.id, status: "CLOSED" }))).toBe(code);
        expect(await codeOf(world.addReply(person, { ticketId: ticket.id }))).toBe(code);
        expect(await codeOf(world.attach(person, { ticketId: ticket.id, files: [textFile()] }))).toBe(code);
        for (const mutation of [DeleteAttachmentDocument, RestoreAttachmentDocument]) {
          const answer = await world.server.gql(
            mutation as never,
            { id: attachmentId } as never,
            person.token,
          );
          expect(codeIn(answer)).toBe(code);
        }
        const input = { id: attachmentId, description: "x" };
        const described = await world.server.gql(UpdateAttachmentDocument, { input }, person.token);
        expect(codeIn(described)).toBe(code);
      }
      expect(codeIn(await remove(ticket.id))).toBe("GONE");
      expect(codeIn(await remove(ticket.id, manager))).toBe("GONE");
    });

    it("keeps what was deleted before it deleted when it comes back", async () => {
      const { requester } = world.people;
      const { ticket, attachmentId, urls } = await prepare();
      await world.server.gql(DeleteAttachmentDocument, { id: attachmentId }, requester.token);
      await remove(ticket.id);
      await restore(ticket.id);
      expect(await read(requester, ticket.id)).toMatchObject({
        attachmentCount: 0,
        attachmentBytes: 0,
        attachments: { nodes: [] },
      });
      expect((await fetch(urls[0]!)).status).toBe(410);
      expect((await fetch(urls[2]!)).status).toBe(200);
    });

    it("is restored within 14 days, and not later", async () => {
      const { sql } = world.server.database;
      const deleteAgo = async (ago: string) => {
        const { id } = await world.openTicket(world.people.requester, { companyId });
        await remove(id);
        await sql`update tickets set deleted_at = now() - ${ago}::text::interval where id = ${id}`;
        return codeIn(await restore(id));
      };
      expect(await deleteAgo("13 days 23 hours")).toBe("ok");
      expect(await deleteAgo("14 days 1 hour")).toBe("GONE");
    });

    it("may be restored twice: the second time changes nothing", async () => {
      const { id } = await world.openTicket(world.people.requester, { companyId });
      await remove(id);
      for (let time = 0; time < 2; time++)
        expect((await restore(id)).data?.restoreTicket).toMatchObject({ id, deletedAt: null });
    });
  });
});
