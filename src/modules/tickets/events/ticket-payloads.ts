import type { Database } from "../../../platform/database/client.js";
import type { EventPayload } from "../../../platform/events/feed/channel.js";
import type { LoggedEvent } from "../../../platform/events/log/event-log.repository.js";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import { listAttachments } from "../../attachments/attachment.repository.js";
import type { Person } from "../../identity/users/user.repository.js";
import { listPeople } from "../../identity/users/user.repository.js";
import { listLivePosts } from "../posts/post.repository.js";
import type { PostRow } from "../posts/post.tables.js";
import { listWholeReplies } from "../reply.repository.js";
import type { ReplyRow } from "../reply.tables.js";
import type {
  AttachmentPayload,
  ParticipantPayload,
  PostPayload,
  ReplyPayload,
  TicketEventPayload,
  TicketEventType,
} from "../ticket-events.js";
import type { SubscribedTicket } from "./subscribed-ticket.repository.js";
import { findSubscribedTicket } from "./subscribed-ticket.repository.js";

/** A member of the union `TicketEvent`. */
export interface TicketPayload extends EventPayload {
  /** The company whose staff alone is told it; null: whoever may follow. */
  readonly staffOf: string | null;
}

/** An event in the words of the union: its member, with what the member holds. */
type PayloadContext = EventPayload & Readonly<Record<string, unknown>>;

/** What the events name, as it is now. */
interface Known {
  readonly ticket: SubscribedTicket;
  readonly replies: ReadonlyMap<string, ReplyRow>;
  readonly attachments: ReadonlyMap<string, AttachmentView>;
  readonly posts: ReadonlyMap<string, PostRow>;
  readonly people: ReadonlyMap<string, Person>;
}

/**
 * Tells events of one ticket with what they name as it is now. What is deleted by now, or gone, is told as that alone.
 * One statement for each kind of thing, however many the events are.
 */
export async function toTicketPayloads(
  db: Database,
  ticketId: string,
  events: readonly LoggedEvent[],
): Promise<(TicketPayload | null)[]> {
  const ticket = await findSubscribedTicket(db, ticketId);
  if (ticket === null) return events.map(() => ({ __typename: "TicketDeleted", ticketId, staffOf: null }));
  const known = await lookUp(db, ticket, events.map(payloadOf));
  return events.map((event) => {
    const payload = payloadOf(event);
    const telling = PAYLOADS_BY_TYPE[event.type]?.(known, payload as never) ?? null;
    return telling && { ...telling, staffOf: payload.isInternal ? ticket.companyId : null };
  });
}

/** The ids of an event, whatever its type. */
type AnyPayload = Partial<ReplyPayload & AttachmentPayload & PostPayload & ParticipantPayload>;

const payloadOf = ({ payload }: LoggedEvent) => payload as AnyPayload;

async function lookUp(
  db: Database,
  ticket: SubscribedTicket,
  payloads: readonly AnyPayload[],
): Promise<Known> {
  const tenants = { companyIds: [ticket.companyId] };
  // An event of a reply's attachment tells nothing of the reply.
  const ofReplies = payloads.filter(({ attachmentId }) => attachmentId === undefined);
  const [replies, attachments, posts, people] = await Promise.all([
    byId(ofReplies, "replyId", (ids) => listWholeReplies(db, tenants, ids)),
    byId(payloads, "attachmentId", (ids) => listAttachments(db, tenants, ids)),
    byId(payloads, "postId", (ids) => listLivePosts(db, tenants, ids)),
    byId(payloads, "userId", (ids) => listPeople(db, ids)),
  ]);
  return { ticket, replies, attachments, posts, people };
}

async function byId<Row extends { readonly id: string }>(
  payloads: readonly AnyPayload[],
  name: "replyId" | "attachmentId" | "postId" | "userId",
  list: (ids: string[]) => Promise<readonly Row[]>,
): Promise<ReadonlyMap<string, Row>> {
  const ids = new Set(payloads.flatMap((payload) => payload[name] ?? []));
  return new Map((ids.size > 0 ? await list([...ids]) : []).map((row) => [row.id, row]));
}

type ToPayload<Payload> = (known: Known, payload: Payload) => PayloadContext | null;

const PAYLOADS: { readonly [Type in TicketEventType]: ToPayload<TicketEventPayload<Type>> } = {
  "ticket.updated": ticketAs("TicketUpdated"),
  "ticket.restored": ticketAs("TicketRestored"),
  "ticket.deleted": ticketDeleted,
  "reply.added": replyAs("ReplyAdded"),
  "reply.updated": replyAs("ReplyUpdated"),
  "reply.deleted": replyDeleted,
  "attachment.added": attachmentAs("AttachmentAdded"),
  "attachment.updated": attachmentAs("AttachmentUpdated"),
  "attachment.restored": attachmentAs("AttachmentRestored"),
  "attachment.deleted": attachmentDeleted,
  "post.added": postAs("PostAdded"),
  "post.updated": postAs("PostUpdated"),
  "post.deleted": postDeleted,
  "participant.joined": actorAs("ParticipantJoined"),
  "participant.left": actorAs("ParticipantLeft"),
};

/** By the type of an event as the log has it. */
const PAYLOADS_BY_TYPE: Readonly<Record<string, ToPayload<never>>> = PAYLOADS;

function ticketAs(__typename: string): ToPayload<unknown> {
  return (known) =>
    known.ticket.deletedAt === null ? { __typename, ticket: known.ticket } : ticketDeleted(known);
}

function ticketDeleted({ ticket }: Known): PayloadContext {
  return { __typename: "TicketDeleted", ticketId: ticket.id };
}

function replyAs(__typename: string): ToPayload<ReplyPayload> {
  return (known, payload) => {
    const reply = known.replies.get(payload.replyId);
    return reply?.deletedAt === null ? { __typename, reply } : replyDeleted(known, payload);
  };
}

function replyDeleted(_known: Known, { replyId }: ReplyPayload): PayloadContext {
  return { __typename: "ReplyDeleted", replyId };
}

function attachmentAs(__typename: string): ToPayload<AttachmentPayload> {
  return (known, payload) => {
    const attachment = known.attachments.get(payload.attachmentId);
    return attachment?.deletedAt === null ? { __typename, attachment } : attachmentDeleted(known, payload);
  };
}

function attachmentDeleted({ ticket }: Known, { attachmentId, replyId }: AttachmentPayload): PayloadContext {
  const parent = replyId === undefined ? { ticketId: ticket.id, replyId: null } : { ticketId: null, replyId };
  return { __typename: "AttachmentDeleted", attachmentId, messageId: null, ...parent };
}

function postAs(__typename: string): ToPayload<PostPayload> {
  return (known, payload) => {
    const post = known.posts.get(payload.postId);
    return post === undefined ? postDeleted(known, payload) : { __typename, post };
  };
}

function postDeleted(_known: Known, { postId }: PostPayload): PayloadContext {
  return { __typename: "PostDeleted", postId };
}

/** Rows of people are never removed, so a person who cannot be found never existed. */
function actorAs(__typename: string): ToPayload<ParticipantPayload> {
  return ({ people }, { userId }) => {
    const actor = people.get(userId);
    return actor === undefined ? null : { __typename, actor };
  };
}
