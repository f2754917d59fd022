import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import { Attachment } from "../../attachments/attachment.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { ChatMessageLoaders } from "./chat-message.loaders.js";
import { ChatMessage } from "./chat-message.types.js";

/** The parent of an attachment: a field that this module adds to a type of a lower module. */
@Resolver(() => Attachment)
export class AttachmentMessageResolver {
  constructor(private readonly loaders: ChatMessageLoaders) {}

  @FieldResolver(() => ChatMessage, {
    nullable: true,
    description: "The message that it is attached to; null for attachments of tickets and replies.",
  })
  message(@Root() { messageId }: AttachmentView, @Ctx() context: ViewerContext) {
    return messageId === null ? null : this.loaders.byId(context).load(messageId);
  }
}
