import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import { Attachment } from "../../attachments/attachment.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { Reply } from "../reply.types.js";
import type { TicketLoaders } from "../ticket.loaders.js";
import { Ticket } from "../ticket.types.js";

/** The parent of an attachment: fields that this module adds to a type of a lower module. */
@Resolver(() => Attachment)
export class AttachmentParentResolver {
  constructor(private readonly loaders: TicketLoaders) {}

  @FieldResolver(() => Ticket, {
    nullable: true,
    description: "The ticket that it is attached to; null for attachments of replies and messages.",
  })
  ticket(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return attachment.ticketId === null ? null : this.loaders.byId(context).load(attachment.ticketId);
  }

  @FieldResolver(() => Reply, {
    nullable: true,
    description: "The reply that it is attached to; null for attachments of tickets and messages.",
  })
  reply(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return attachment.replyId === null ? null : this.loaders.replyById(context).load(attachment.replyId);
  }
}
