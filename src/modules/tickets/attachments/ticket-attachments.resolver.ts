import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { AttachmentsArgs } from "../../attachments/attachment.inputs.js";
import { AttachmentConnection } from "../../attachments/attachment.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { isStaffOf } from "../../identity/viewer.js";
import type { ListedTicket } from "../ticket.repository.js";
import { Ticket } from "../ticket.types.js";
import type { TicketQuota } from "../ticket-quota.repository.js";
import type { TicketAttachmentLoaders } from "./ticket-attachment.loaders.js";
import { AttachmentQuota } from "./ticket-attachments.types.js";

/** All files of a ticket, and how many more it takes. */
@Resolver(() => Ticket)
export class TicketAttachmentsResolver {
  constructor(
    private readonly attachments: TicketAttachmentLoaders,
    private readonly quota: TicketQuota,
  ) {}

  @FieldResolver(() => AttachmentConnection, {
    description:
      "Files attached to the ticket or to one of its replies, in the order of upload; `last: 20` returns the twenty newest. `Attachment.ticket` or `Attachment.reply` is what each is attached to. Files of internal replies are for staff.",
  })
  allAttachments(
    @Root() ticket: ListedTicket,
    @Args(() => AttachmentsArgs) args: AttachmentsArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachments.ofTicket(context, args).load(ticket.id);
  }

  @FieldResolver(() => AttachmentQuota, {
    nullable: true,
    description:
      "How much of their quota the files of the ticket and its replies take together. For staff, because files of internal replies count as well; null for others.",
  })
  attachmentQuota(@Root() ticket: ListedTicket, @Ctx() { viewer }: ViewerContext): AttachmentQuota | null {
    if (!isStaffOf(viewer, ticket.companyId)) return null;
    const { files: maxFiles, bytes: maxBytes } = this.quota;
    return {
      files: ticket.attachmentCount + ticket.replyAttachmentCount,
      maxFiles,
      bytes: ticket.attachmentBytes + ticket.replyAttachmentBytes,
      maxBytes,
    };
  }
}
