import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { AttachmentsArgs } from "../../attachments/attachment.inputs.js";
import { AttachmentConnection } from "../../attachments/attachment.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { Conversation } from "../conversations/conversation.types.js";
import type { ConversationAttachmentLoaders } from "./conversation-attachment.loaders.js";

/** The files of a conversation. */
@Resolver(() => Conversation)
export class ConversationAttachmentsResolver {
  constructor(private readonly attachmentLoaders: ConversationAttachmentLoaders) {}

  @FieldResolver(() => AttachmentConnection, {
    description:
      "The files of its messages, in the order of upload; `last: 20` returns the twenty newest. `Attachment.message` is the message of each.",
  })
  attachments(
    @Root() { id }: ConversationView,
    @Args(() => AttachmentsArgs) args: AttachmentsArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachmentLoaders.ofConversation(context, args).load(id);
  }

  @FieldResolver(() => AttachmentConnection, {
    description:
      "Deleted files of its messages, without those of deleted messages, the latest first, as long as they can be restored (`restoreAttachment`, by whoever sent the message). For staff; empty for others.",
  })
  deletedAttachments(
    @Root() { id }: ConversationView,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachmentLoaders.deletedOfConversation(context, page).load(id);
  }
}
