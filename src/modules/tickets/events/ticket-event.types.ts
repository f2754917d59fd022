import { createUnionType, Field, ObjectType } from "type-graphql";
import type { EventPayload } from "../../../platform/events/feed/channel.js";
import { ID } from "../../../platform/graphql/scalars.js";
import {
  AttachmentAdded,
  AttachmentDeleted,
  AttachmentRestored,
  AttachmentUpdated,
} from "../../attachments/attachment-event.types.js";
import { ParticipantJoined, ParticipantLeft } from "../../identity/participant-event.types.js";
import type { PostRow } from "../posts/post.tables.js";
import { Post } from "../posts/post.types.js";
import type { ReplyRow } from "../reply.tables.js";
import { Reply } from "../reply.types.js";
import type { TicketRow } from "../ticket.tables.js";
import { Ticket } from "../ticket.types.js";

const TICKET = { description: "The ticket as it is now." };
const REPLY = { description: "The reply as it is now." };
const POST = { description: "The post as it is now." };

@ObjectType({ simpleResolvers: true, description: "The ticket itself was changed." })
export class TicketUpdated {
  @Field(() => Ticket, TICKET)
  ticket!: TicketRow;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "The ticket was deleted, or has been deleted since this event. From now on, only viewers who may restore it get its events.",
})
export class TicketDeleted {
  // Nullable for the same reason as `ReplyDeleted.replyId`.
  @Field(() => ID, { nullable: true, description: "The ticket's id; never null." })
  ticketId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The ticket was restored." })
export class TicketRestored {
  @Field(() => Ticket, TICKET)
  ticket!: TicketRow;
}

@ObjectType({ simpleResolvers: true, description: "A reply was added to the ticket, or restored." })
export class ReplyAdded {
  @Field(() => Reply, REPLY)
  reply!: ReplyRow;
}

@ObjectType({ simpleResolvers: true, description: "The text of a reply was changed." })
export class ReplyUpdated {
  @Field(() => Reply, REPLY)
  reply!: ReplyRow;
}

@ObjectType({
  simpleResolvers: true,
  description: "A reply was deleted, or has been deleted since this event.",
})
export class ReplyDeleted {
  // Nullable only in the schema: clients that select both need the same type as in `AttachmentDeleted`.
  @Field(() => ID, { nullable: true, description: "The reply's id; never null." })
  replyId!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: "A photo, series or clip was posted or restored.",
})
export class PostAdded {
  @Field(() => Post, POST)
  post!: PostRow;
}

@ObjectType({ simpleResolvers: true, description: "A post or its photos were changed." })
export class PostUpdated {
  @Field(() => Post, POST)
  post!: PostRow;
}

@ObjectType({
  simpleResolvers: true,
  description: "A post was deleted, or has been deleted since this event.",
})
export class PostDeleted {
  @Field(() => ID, { description: "The post's id." })
  postId!: string;
}

export const TicketEvent = createUnionType({
  name: "TicketEvent",
  description:
    "A change of a ticket, its replies, posts, attachments or participants. More members may be added.",
  types: () =>
    [
      TicketUpdated,
      TicketDeleted,
      TicketRestored,
      ReplyAdded,
      ReplyUpdated,
      ReplyDeleted,
      AttachmentAdded,
      AttachmentUpdated,
      AttachmentDeleted,
      AttachmentRestored,
      PostAdded,
      PostUpdated,
      PostDeleted,
      ParticipantJoined,
      ParticipantLeft,
    ] as const,
  resolveType: (payload) => (payload as unknown as EventPayload).__typename,
});

@ObjectType({ simpleResolvers: true, description: "An event of a ticket and its cursor." })
export class TicketEventEdge {
  @Field(() => String, { description: "Pass it as `after` to resume after this event." })
  cursor!: string;

  @Field(() => TicketEvent, { description: "The event." })
  event!: EventPayload;
}
