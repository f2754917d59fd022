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
  AttachmentIds,
  ParticipantIds,
  PostIds,
  ReplyIds,
  TicketEventIds,
  TicketEventType,
} from "../ticket.events.js";
import type { SubscribedTicket } from "./subscribed-ticket.repository.js";
import { findSubscribedTicket } from "./subscribed-ticket.repository.js";

/** A member of the union `TicketEvent`. */
export interface TicketPayload extends EventPayload {
  /** The company whose staff alone gets it; null: all subscribers. */
  readonly staffOf: string | null;
  /** Of an event of an attachment. */
  readonly attachment?: AttachmentView;
}

/** A member of the union with its fields. */
type UnionMember = EventPayload & Readonly<Record<string, unknown>>;

/** The objects of events, as they are now. */
interface CurrentObjects {
  readonly ticket: SubscribedTicket;
  readonly replies: ReadonlyMap<string, ReplyRow>;
  readonly attachments: ReadonlyMap<string, AttachmentView>;
  readonly posts: ReadonlyMap<string, PostRow>;
  readonly people: ReadonlyMap<string, Person>;
}

/**
 * The payloads of events of one ticket, with their objects as they are now. An object that has been deleted or purged
 * since is reported as deleted. One statement for each kind of object, however many events there are.
 */
export async function toTicketPayloads(
  db: Database,
  ticketId: string,
  events: readonly LoggedEvent[],
): Promise<(TicketPayload | null)[]> {
  const ticket = await findSubscribedTicket(db, ticketId);
  if (ticket === null) return events.map(() => ({ __typename: "TicketDeleted", ticketId, staffOf: null }));
  const current = await readCurrent(db, ticket, events.map(idsOf));
  return events.map((event) => {
    const ids = idsOf(event);
    const member = BY_LOGGED_TYPE[event.type]?.(current, ids as never) ?? null;
    return member && { ...member, staffOf: ids.isInternal ? ticket.companyId : null };
  });
}

/** The ids of an event, whatever its type. */
type AnyIds = Partial<ReplyIds & AttachmentIds & PostIds & ParticipantIds>;

const idsOf = ({ payload }: LoggedEvent) => payload as AnyIds;

async function readCurrent(
  db: Database,
  ticket: SubscribedTicket,
  events: readonly AnyIds[],
): Promise<CurrentObjects> {
  const tenants = { companyIds: [ticket.companyId] };
  // An event of a reply's attachment does not contain the reply.
  const ofReplies = events.filter(({ attachmentId }) => attachmentId === undefined);
  const [replies, attachments, posts, people] = await Promise.all([
    byId(ofReplies, "replyId", (ids) => listWholeReplies(db, tenants, ids)),
    byId(events, "attachmentId", (ids) => listAttachments(db, tenants, ids)),
    byId(events, "postId", (ids) => listLivePosts(db, tenants, ids)),
    byId(events, "userId", (ids) => listPeople(db, ids)),
  ]);
  return { ticket, replies, attachments, posts, people };
}

async function byId<Row extends { readonly id: string }>(
  events: readonly AnyIds[],
  name: "replyId" | "attachmentId" | "postId" | "userId",
  list: (ids: string[]) => Promise<readonly Row[]>,
): Promise<ReadonlyMap<string, Row>> {
  const ids = new Set(events.flatMap((event) => event[name] ?? []));
  return new Map((ids.size > 0 ? await list([...ids]) : []).map((row) => [row.id, row]));
}

type ToPayload<Ids> = (current: CurrentObjects, ids: Ids) => UnionMember | null;

const TO_PAYLOAD: { readonly [Type in TicketEventType]: ToPayload<TicketEventIds<Type>> } = {
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

/** By the type of a logged event, which is any string. */
const BY_LOGGED_TYPE: Readonly<Record<string, ToPayload<never>>> = TO_PAYLOAD;

function ticketAs(__typename: string): ToPayload<unknown> {
  return (current) =>
    current.ticket.deletedAt === null ? { __typename, ticket: current.ticket } : ticketDeleted(current);
}

function ticketDeleted({ ticket }: CurrentObjects): UnionMember {
  return { __typename: "TicketDeleted", ticketId: ticket.id };
}

function replyAs(__typename: string): ToPayload<ReplyIds> {
  return (current, ids) => {
    const reply = current.replies.get(ids.replyId);
    return reply?.deletedAt === null ? { __typename, reply } : replyDeleted(current, ids);
  };
}

function replyDeleted(_known: CurrentObjects, { replyId }: ReplyIds): UnionMember {
  return { __typename: "ReplyDeleted", replyId };
}

function attachmentAs(__typename: string): ToPayload<AttachmentIds> {
  return (current, ids) => {
    const attachment = current.attachments.get(ids.attachmentId);
    return attachment?.deletedAt === null ? { __typename, attachment } : attachmentDeleted(current, ids);
  };
}

/** With the attachment until it is purged: who could not see it does not hear of its end either. */
function attachmentDeleted(
  { ticket, attachments }: CurrentObjects,
  { attachmentId, replyId }: AttachmentIds,
): UnionMember {
  const attachment = attachments.get(attachmentId);
  const parent = replyId === undefined ? { ticketId: ticket.id, replyId: null } : { ticketId: null, replyId };
  return {
    __typename: "AttachmentDeleted",
    attachmentId,
    messageId: null,
    ...parent,
    ...(attachment && { attachment }),
  };
}

function postAs(__typename: string): ToPayload<PostIds> {
  return (current, ids) => {
    const post = current.posts.get(ids.postId);
    return post === undefined ? postDeleted(current, ids) : { __typename, post };
  };
}

function postDeleted(_known: CurrentObjects, { postId }: PostIds): UnionMember {
  return { __typename: "PostDeleted", postId };
}

/** Rows of people are never removed, so a person who cannot be found never existed. */
function actorAs(__typename: string): ToPayload<ParticipantIds> {
  return ({ people }, { userId }) => {
    const actor = people.get(userId);
    return actor === undefined ? null : { __typename, actor };
  };
}
