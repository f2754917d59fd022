import type { TypedDocumentNode } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { UserViewer, Viewer } from "../../../../src/modules/identity/viewer.js";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import { createTicketChannel } from "../../../../src/modules/tickets/events/ticket-channel.js";
import type { EventPayload } from "../../../../src/platform/events/feed/channel.js";
import type { LoggedEvent } from "../../../../src/platform/events/log/event-log.repository.js";
import { admission, eventsOf, inShort } from "../../../support/event-log.js";
import {
  AddParticipantDocument,
  CaptionPhotoDocument,
  CreatePhotoDocument,
  CreatePhotoSeriesDocument,
  DeleteAttachmentDocument,
  DeletePostDocument,
  DeleteReplyDocument,
  DeleteTicketDocument,
  RemoveParticipantDocument,
  ReorderPhotoSeriesDocument,
  ReplaceMediaFileDocument,
  RestoreAttachmentDocument,
  RestorePostDocument,
  RestoreTicketDocument,
  UpdateAttachmentDocument,
  UpdateReplyDocument,
  UpdateTicketDocument,
  UploadReplyAttachmentsDocument,
  UploadTicketAttachmentsDocument,
} from "../../../support/generated/operations.js";
import { makeJpeg } from "../../../support/make-files.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { Part, TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../../support/ticket-world.js";

const statements: string[] = [];
let world: TicketWorld;
let companyId: string;

const channel = () => createTicketChannel({ db: world.server.database.db });
const log = (ticketId: string, after = 0) => eventsOf(world.server, `ticket:${ticketId}`, after);

const photo = async () =>
  new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "photo.jpg", { type: "image/jpeg" });

async function run<Data, Variables extends Record<string, unknown>>(
  { client }: SignedIn,
  mutation: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  return (await client.mutate({ mutation, variables } as never)).data as Data;
}

/** The person as a request knows them. */
function viewerOf(part: Part): UserViewer {
  const { id, email } = world.people[part];
  const roles = { requester: "CUSTOMER", participant: "CUSTOMER", customer: "CUSTOMER" } as const;
  const staff = { agent: "AGENT", manager: "MANAGER" } as const;
  const role = { ...roles, ...staff }[part as "agent"];
  return {
    kind: "user",
    id,
    email,
    name: part,
    isAdmin: part === "admin",
    roles: new Map(role ? [[companyId, role]] : []),
  };
}

const event = (type: string, payload: Record<string, unknown> = {}): LoggedEvent => ({
  sequence: 1,
  type,
  payload,
});

const newTicket = async () => (await world.openTicket(world.people.requester, { companyId })).id;

describe("ticket events", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("the log of a ticket", () => {
    it("has each change of the ticket, and none that changes nothing", async () => {
      const { agent, manager } = world.people;
      const id = await newTicket();
      await run(agent, UpdateTicketDocument, { input: { id, status: "PENDING", assigneeId: agent.id } });
      await run(agent, UpdateTicketDocument, { input: { id, status: "PENDING", assigneeId: agent.id } });
      await run(agent, UpdateTicketDocument, { input: { id } });
      await run(agent, UpdateTicketDocument, { input: { id, assigneeId: null } });
      await run(agent, UpdateTicketDocument, { input: { id, assigneeId: null } });
      await run(manager, DeleteTicketDocument, { id });
      await run(manager, RestoreTicketDocument, { id });
      await run(manager, RestoreTicketDocument, { id });
      expect(inShort(await log(id))).toEqual([
        ["ticket.updated", {}],
        ["ticket.updated", {}],
        ["ticket.deleted", {}],
        ["ticket.restored", {}],
      ]);
    });

    it("has who joins and who leaves, once", async () => {
      const { agent, participant } = world.people;
      const ticketId = await newTicket();
      const userId = participant.id;
      await world.addParticipant(ticketId, participant);
      await world.addParticipant(ticketId, participant);
      await run(agent, RemoveParticipantDocument, { input: { ticketId, userId } });
      await run(agent, RemoveParticipantDocument, { input: { ticketId, userId } });
      expect(inShort(await log(ticketId))).toEqual([
        ["participant.joined", { userId }],
        ["participant.left", { userId }],
      ]);
    });

    it("names people and things as rows do, in whatever letters a client writes their ids", async () => {
      const { agent, participant } = world.people;
      const id = await newTicket();
      const [ticketId, userId] = [id.toUpperCase(), participant.id.toUpperCase()];
      await run(agent, AddParticipantDocument, { input: { ticketId, userId } });
      const literal = `mutation { removeParticipant(input: { ticketId: "${ticketId}", userId: "${userId}" }) { id } }`;
      const left = await world.server.gql<{ removeParticipant: { id: string } }>(literal, {}, agent.token);
      expect(left.data?.removeParticipant.id).toBe(id);
      const input = { id: ticketId, assigneeId: agent.id.toUpperCase() };
      expect((await run(agent, UpdateTicketDocument, { input })).updateTicket).toMatchObject({ id });
      expect(inShort(await log(id))).toEqual([
        ["participant.joined", { userId: participant.id }],
        ["participant.left", { userId: participant.id }],
        ["ticket.updated", {}],
      ]);
      const details = await world.server.database.sql<{ details: unknown }[]>`
      select details from audit_log where subject_id = ${id} and details is not null order by id`;
      expect(JSON.stringify(details)).not.toMatch(/[0-9A-F]{8}-[0-9A-F]{4}-/);
    });

    it("has replies, and says which of them are internal", async () => {
      const { agent, requester } = world.people;
      const ticketId = await newTicket();
      const { id } = await world.addReply(requester, { ticketId });
      const internal = await world.addReply(agent, { ticketId, isInternal: true });
      await run(requester, UpdateReplyDocument, { input: { id, body: "It still hums." } });
      await run(requester, UpdateReplyDocument, { input: { id, body: "It still hums." } });
      await run(agent, DeleteReplyDocument, { id: internal.id });
      await run(requester, DeleteReplyDocument, { id });
      expect(inShort(await log(ticketId))).toEqual([
        ["reply.added", { replyId: id }],
        ["reply.added", { replyId: internal.id, isInternal: true }],
        ["reply.updated", { replyId: id }],
        ["reply.deleted", { replyId: internal.id, isInternal: true }],
        ["reply.deleted", { replyId: id }],
      ]);
    });

    it("has posts, and what becomes of their photos", async () => {
      const { agent } = world.people;
      const ticketId = await newTicket();
      const one = await run(agent, CreatePhotoDocument, { input: { ticketId, file: await photo() } });
      const photos = [{ file: await photo() }, { file: await photo() }];
      const { createPhotoSeries: series } = await run(agent, CreatePhotoSeriesDocument, {
        input: { ticketId, photos },
      });
      const seriesId = series.id;
      const rows = await world.server.database.sql<{ id: string }[]>`
      select media_file_id as id from media_post_files where post_id = ${seriesId} order by order_index`;
      const mediaFileIds = rows.map(({ id }) => id);
      const reversed = [...mediaFileIds].reverse();
      await run(agent, ReorderPhotoSeriesDocument, { input: { seriesId, mediaFileIds } });
      await run(agent, ReorderPhotoSeriesDocument, { input: { seriesId, mediaFileIds: reversed } });
      const caption = { seriesId, mediaFileId: mediaFileIds[0]!, caption: "The fan" };
      await run(agent, CaptionPhotoDocument, { input: caption });
      await run(agent, CaptionPhotoDocument, { input: caption });
      await run(agent, ReplaceMediaFileDocument, { input: { id: mediaFileIds[0]!, file: await photo() } });
      const postId = one.createPhoto.id;
      await run(agent, DeletePostDocument, { id: postId });
      await run(agent, RestorePostDocument, { id: postId });
      await run(agent, RestorePostDocument, { id: postId });
      expect(inShort(await log(ticketId))).toEqual([
        ["post.added", { postId }],
        ["post.added", { postId: seriesId }],
        ["post.updated", { postId: seriesId }],
        ["post.updated", { postId: seriesId }],
        ["post.updated", { postId: seriesId }],
        ["post.deleted", { postId }],
        ["post.added", { postId }],
      ]);
    });

    it("has attachments, and says which of them hang on an internal reply", async () => {
      const { agent, requester } = world.people;
      const ticketId = await newTicket();
      const open = await world.addReply(agent, { ticketId, files: [textFile()] });
      const internal = await world.addReply(agent, { ticketId, isInternal: true });
      const secret = { replyId: internal.id, isInternal: true };
      const { uploadReplyAttachments } = await run(agent, UploadReplyAttachmentsDocument, {
        input: { replyId: internal.id, files: [textFile()] },
      });
      const [attachment] = await world.attach(requester, { ticketId, files: [textFile()] });
      const attachmentId = attachment!.id;
      const { sql } = world.server.database;
      const rows = await sql<{ id: string; replyId: string | null; mediaFileId: string }[]>`
      select id, reply_id as "replyId", media_file_id as "mediaFileId" from attachments where company_id = ${companyId}`;
      const onOpen = rows.find(({ replyId }) => replyId === open.id)!.id;
      const { mediaFileId } = rows.find(({ id }) => id === attachmentId)!;
      await run(requester, UpdateAttachmentDocument, {
        input: { id: attachmentId, description: "The bill" },
      });
      await run(requester, ReplaceMediaFileDocument, { input: { id: mediaFileId, file: textFile() } });
      await run(requester, DeleteAttachmentDocument, { id: attachmentId });
      await run(requester, RestoreAttachmentDocument, { id: attachmentId });
      await run(agent, DeleteAttachmentDocument, { id: uploadReplyAttachments[0]!.id });
      // What hangs on a reply goes with it.
      await run(agent, DeleteReplyDocument, { id: open.id });
      expect(inShort(await log(ticketId))).toEqual([
        ["reply.added", { replyId: open.id }],
        ["attachment.added", { attachmentId: onOpen, replyId: open.id }],
        ["reply.added", secret],
        ["attachment.added", { attachmentId: uploadReplyAttachments[0]!.id, ...secret }],
        ["attachment.added", { attachmentId }],
        ["attachment.updated", { attachmentId }],
        ["attachment.updated", { attachmentId }],
        ["attachment.deleted", { attachmentId }],
        ["attachment.restored", { attachmentId }],
        ["attachment.deleted", { attachmentId: uploadReplyAttachments[0]!.id, ...secret }],
        ["reply.deleted", { replyId: open.id }],
      ]);
    });
  });

  describe("who may subscribe to a ticket", () => {
    const EVERYBODY: readonly Part[] = [
      "requester",
      "participant",
      "customer",
      "agent",
      "manager",
      "admin",
      "stranger",
    ];
    const admitted = (ticketId: string) =>
      Promise.all(EVERYBODY.map((part) => admission(channel(), viewerOf(part), ticketId)));
    const readers = (ticketId: string) => channel().readers(ticketId, EVERYBODY.map(viewerOf));

    it("is who may read it; of a deleted one, who may bring it back", async () => {
      const { manager, participant } = world.people;
      const ticketId = await newTicket();
      await world.addParticipant(ticketId, participant);
      expect(await admitted(ticketId)).toEqual(["ok", "ok", "NOT_FOUND", "ok", "ok", "ok", "NOT_FOUND"]);
      expect(await readers(ticketId)).toEqual([true, true, false, true, true, true, false]);
      await run(manager, DeleteTicketDocument, { id: ticketId });
      expect(await admitted(ticketId)).toEqual([
        "GONE",
        "GONE",
        "NOT_FOUND",
        "GONE",
        "ok",
        "ok",
        "NOT_FOUND",
      ]);
      expect(await readers(ticketId)).toEqual([false, false, false, false, true, true, false]);
    });

    it("is nobody who is not signed in, and no guest", async () => {
      const ticketId = await newTicket();
      const guest: Viewer = {
        kind: "guest",
        id: ticketId,
        name: "Room 12",
        companyId,
        conversationId: ticketId,
      };
      expect(await admission(channel(), anonymous, ticketId)).toBe("UNAUTHENTICATED");
      expect(await admission(channel(), guest, ticketId)).toBe("NOT_FOUND");
      expect(await admission(channel(), viewerOf("admin"), "no id")).toBe("NOT_FOUND");
      expect(await channel().readers(ticketId, [anonymous, guest])).toEqual([false, false]);
    });

    it("is asked in one statement for a thousand", async () => {
      const ticketId = await newTicket();
      const thousand = Array.from({ length: 1_000 }, (_, index) => viewerOf(EVERYBODY[index % 7]!));
      const asked = channel();
      await asked.readers(ticketId, thousand.slice(0, 1));
      statements.length = 0;
      expect((await asked.readers(ticketId, thousand)).filter(Boolean)).toHaveLength(572);
      expect(statements).toHaveLength(1);
    });
  });

  describe("the payloads of a ticket's events", () => {
    /** A ticket to which everything has happened. */
    async function eventful() {
      const { agent, requester, participant } = world.people;
      const attachments: string[] = [];
      const { id: ticketId } = await world.openTicket(requester, { companyId });
      await world.addParticipant(ticketId, participant);
      const reply = await world.addReply(agent, { ticketId });
      const internal = await world.addReply(agent, { ticketId, isInternal: true });
      const { createPhoto: post } = await run(agent, CreatePhotoDocument, {
        input: { ticketId, file: await photo() },
      });
      await run(agent, UpdateTicketDocument, { input: { id: ticketId, status: "PENDING" } });
      for (const on of [{ ticketId }, { replyId: internal.id }]) {
        const [attachment] = await attachTo(agent, on);
        attachments.push(attachment!.id);
      }
      return { ticketId, reply, internal, post, attachments };
    }

    async function attachTo(by: SignedIn, on: { ticketId: string } | { replyId: string }) {
      const files = [textFile()];
      if ("ticketId" in on) return world.attach(by, { ...on, files });
      const { uploadReplyAttachments } = await run(by, UploadReplyAttachmentsDocument, {
        input: { ...on, files },
      });
      return uploadReplyAttachments;
    }

    const membersOf = (payloads: readonly (EventPayload | null)[]) =>
      payloads.map((one) => one?.__typename ?? null);

    it("is each thing as it is now", async () => {
      const { ticketId, reply, post, attachments } = await eventful();
      const { requester, participant } = world.people;
      await run(world.people.agent, UpdateReplyDocument, { input: { id: reply.id, body: "Changed since." } });
      const payloads = await channel().toPayloads(ticketId, [
        event("ticket.updated"),
        event("ticket.restored"),
        event("reply.added", { replyId: reply.id }),
        event("reply.updated", { replyId: reply.id }),
        event("attachment.added", { attachmentId: attachments[0] }),
        event("attachment.updated", { attachmentId: attachments[0] }),
        event("attachment.restored", { attachmentId: attachments[0] }),
        event("post.added", { postId: post.id }),
        event("post.updated", { postId: post.id }),
        event("participant.joined", { userId: participant.id }),
        event("participant.left", { userId: requester.id }),
        event("something.new", { ofId: "1" }),
      ]);
      expect(payloads).toMatchObject([
        { __typename: "TicketUpdated", ticket: { id: ticketId, status: "PENDING" } },
        { __typename: "TicketRestored", ticket: { id: ticketId } },
        { __typename: "ReplyAdded", reply: { id: reply.id, body: "Changed since." } },
        { __typename: "ReplyUpdated", reply: { id: reply.id } },
        { __typename: "AttachmentAdded", attachment: { id: attachments[0], fileName: "note.txt" } },
        { __typename: "AttachmentUpdated", attachment: { id: attachments[0] } },
        { __typename: "AttachmentRestored", attachment: { id: attachments[0] } },
        { __typename: "PostAdded", post: { id: post.id, kind: "PHOTO" } },
        { __typename: "PostUpdated", post: { id: post.id } },
        { __typename: "ParticipantJoined", actor: { id: participant.id } },
        { __typename: "ParticipantLeft", actor: { id: requester.id } },
        null as never,
      ]);
    });

    it("is of what has been deleted, or is gone, that alone", async () => {
      const { ticketId, reply, post, attachments } = await eventful();
      const { agent, manager } = world.people;
      const [attachmentId] = attachments;
      await run(agent, DeleteReplyDocument, { id: reply.id });
      await run(agent, DeletePostDocument, { id: post.id });
      await run(agent, DeleteAttachmentDocument, { id: attachmentId! });
      const events = [
        event("reply.added", { replyId: reply.id }),
        event("reply.deleted", { replyId: reply.id }),
        event("post.updated", { postId: post.id }),
        event("post.deleted", { postId: post.id }),
        event("attachment.added", { attachmentId }),
        event("attachment.added", { attachmentId: ticketId, replyId: reply.id }),
        event("ticket.deleted"),
      ];
      // Not for clients: it decides who hears of the end.
      const attachment = expect.objectContaining({ id: attachmentId });
      const byItself = { attachmentId, messageId: null, ticketId, replyId: null, attachment };
      const onReply = { attachmentId: ticketId, messageId: null, ticketId: null, replyId: reply.id };
      const expected = [
        { __typename: "ReplyDeleted", replyId: reply.id },
        { __typename: "ReplyDeleted", replyId: reply.id },
        { __typename: "PostDeleted", postId: post.id },
        { __typename: "PostDeleted", postId: post.id },
        { __typename: "AttachmentDeleted", ...byItself },
        { __typename: "AttachmentDeleted", ...onReply },
        { __typename: "TicketDeleted", ticketId },
      ].map((member) => ({ ...member, staffOf: null }));
      expect(await channel().toPayloads(ticketId, events)).toEqual(expected);

      await run(manager, DeleteTicketDocument, { id: ticketId });
      expect(membersOf(await channel().toPayloads(ticketId, [event("ticket.updated")]))).toEqual([
        "TicketDeleted",
      ]);
    });

    it("is kept to staff where it is internal, its end as well", async () => {
      const { ticketId, reply, internal, attachments } = await eventful();
      const isInternal = true;
      const secret = { replyId: internal.id, isInternal };
      const payloads = await channel().toPayloads(ticketId, [
        event("reply.added", { replyId: reply.id }),
        event("reply.added", secret),
        event("reply.deleted", secret),
        event("attachment.added", { ...secret, attachmentId: attachments[1] }),
        event("attachment.deleted", { ...secret, attachmentId: attachments[1] }),
      ]);
      const visibleTo = (viewer: Viewer) => payloads.map((one) => channel().isVisibleTo(viewer, one!));
      for (const part of ["requester", "participant"] as const)
        expect(visibleTo(viewerOf(part))).toEqual([true, false, false, false, false]);
      for (const part of ["agent", "manager", "admin"] as const)
        expect(visibleTo(viewerOf(part))).toEqual([true, true, true, true, true]);
    });

    it("costs one statement for each kind of thing, however many the events are", async () => {
      const { ticketId, reply, post, attachments } = await eventful();
      const { requester } = world.people;
      const some = [
        event("ticket.updated"),
        event("reply.added", { replyId: reply.id }),
        event("attachment.added", { attachmentId: attachments[0] }),
        event("post.added", { postId: post.id }),
        event("participant.joined", { userId: requester.id }),
      ];
      const more = await world.addReply(requester, { ticketId });
      const others = [
        event("reply.added", { replyId: more.id }),
        event("attachment.added", { attachmentId: attachments[1], replyId: reply.id }),
      ];
      const many = Array.from({ length: 50 }, () => [...some, ...others]).flat();
      for (const events of [some, many]) {
        await channel().toPayloads(ticketId, events);
        statements.length = 0;
        await channel().toPayloads(ticketId, events);
        expect(statements).toHaveLength(5);
      }
    });
  });

  it("gives the cursor behind which nothing is missed, of tickets and of a company's files", async () => {
    const { requester, agent } = world.people;
    const id = await newTicket();
    const query = `query ($id: ID!) { ticket(id: $id) { eventCursor company { id mediaFileEventCursor } } }`;
    const ask = async ({ token }: SignedIn) =>
      (
        await world.server.gql<{
          ticket: { eventCursor: string; company: { id: string; mediaFileEventCursor: string | null } };
        }>(query, { id }, token)
      ).data!.ticket;
    expect(await ask(requester)).toMatchObject({ eventCursor: "0", company: { mediaFileEventCursor: null } });
    await run(agent, UploadTicketAttachmentsDocument, { input: { ticketId: id, files: [textFile()] } });
    const { eventCursor, company } = await ask(agent);
    const newest = async (topic: string) => String((await eventsOf(world.server, topic)).at(-1)?.sequence);
    expect(eventCursor).toBe(await newest(`ticket:${id}`));
    expect(company.mediaFileEventCursor).toBe(await newest(`media:${company.id}`));
  });
});
