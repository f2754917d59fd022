import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Resolver, Root } from "type-graphql";
import { asksForBody } from "../../../platform/graphql/asked-fields.js";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { requestFiles } from "../../../platform/graphql/request-files.js";
import { ID } from "../../../platform/graphql/scalars.js";
import type { AttachmentLoaders } from "../../attachments/attachment.loaders.js";
import { AttachmentConnection } from "../../attachments/attachment.types.js";
import { Actor } from "../../identity/actor.types.js";
import type { ActorLoaders } from "../../identity/guests/actor.loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { ConversationLoaders } from "../conversations/conversation.loaders.js";
import { Conversation } from "../conversations/conversation.types.js";
import { AddMessageAttachmentsInput, EditMessageInput, SendMessageInput } from "./chat-message.inputs.js";
import type { ChatMessageLoaders } from "./chat-message.loaders.js";
import type { ListedMessage } from "./chat-message.repository.js";
import { isAnswer } from "./chat-message.repository.js";
import type { ChatMessageService } from "./chat-message.service.js";
import { ChatMessage, PurgedMessage } from "./chat-message.types.js";
import type { ChatMessageChangeService, PurgedMessageRef } from "./chat-message-change.service.js";

const MESSAGE_ID = { description: "The message's id." };

@Resolver(() => ChatMessage)
export class ChatMessageResolver {
  constructor(
    private readonly messages: ChatMessageService,
    private readonly changes: ChatMessageChangeService,
    private readonly loaders: ChatMessageLoaders,
    private readonly conversations: ConversationLoaders,
    private readonly attachmentLoaders: AttachmentLoaders,
    private readonly actors: ActorLoaders,
  ) {}

  @Mutation(() => ChatMessage, {
    description:
      "Sends a message with a text, files or both; either everything is stored or nothing. For staff, participants and the guests of the conversation.",
  })
  sendMessage(
    @Arg("input", () => SendMessageInput, { description: "The message." }) input: SendMessageInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.messages.sendMessage(context.viewer, input, requestFiles(input, context));
  }

  @Mutation(() => ChatMessage, {
    description:
      "Attaches files to a message that has been sent; either all are stored or none. The text stays as it is, and with it `isEdited`. Only for its sender, as long as the conversation is open.",
  })
  addMessageAttachments(
    @Arg("input", () => AddMessageAttachmentsInput, { description: "The files." })
    input: AddMessageAttachmentsInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.messages.addAttachments(context.viewer, input, requestFiles(input, context));
  }

  @Mutation(() => ChatMessage, {
    description:
      "Changes the text of a message, in a closed conversation too, except by guests. Only for its sender.",
  })
  editMessage(
    @Arg("input", () => EditMessageInput, { description: "The new text." }) input: EditMessageInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.changes.editMessage(viewer, input);
  }

  @Mutation(() => ChatMessage, {
    description: "Deletes a message with its files; its place in the thread is kept. Only for its sender.",
  })
  deleteMessage(@Arg("id", () => ID, MESSAGE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.changes.deleteMessage(viewer, id);
  }

  @Mutation(() => PurgedMessage, {
    description:
      "Removes a message for good, with its files, and their bytes if nothing else uses them. For managers.",
  })
  purgeMessage(@Arg("id", () => ID, MESSAGE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.changes.purgeMessage(viewer, id);
  }

  @FieldResolver()
  body(@Root() message: ListedMessage, @Ctx() context: ViewerContext) {
    return message.body ?? this.loaders.bodies(context).load(message);
  }

  @FieldResolver(() => Conversation, {
    nullable: true,
    description: "The conversation that it belongs to; null if the viewer may no longer see it.",
  })
  conversation(@Root() { conversationId }: ListedMessage, @Ctx() context: ViewerContext) {
    return this.conversations.byId(context).load(conversationId);
  }

  @FieldResolver(() => Actor, { description: "Who sent it." })
  sender(@Root() { senderId, senderGuestId }: ListedMessage, @Ctx() context: ViewerContext) {
    return this.actors.author(context, { userId: senderId, guestId: senderGuestId });
  }

  @FieldResolver(() => ChatMessage, {
    nullable: true,
    description:
      "The message that it replies to, deleted or not; null if it replies to none or to a purged one.",
  })
  replyTo(@Root() message: ListedMessage, @Ctx() context: ViewerContext, @Info() info: GraphQLResolveInfo) {
    return isAnswer(message)
      ? this.loaders.quoted(context, { withBodies: asksForBody(info) }).load(message)
      : null;
  }

  @FieldResolver(() => AttachmentConnection, { description: "Its files, in the order of upload." })
  attachments(
    @Root() message: ListedMessage,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachmentLoaders.ofMessage(context, page, message);
  }
}

@Resolver(() => PurgedMessage)
export class PurgedMessageResolver {
  constructor(private readonly conversations: ConversationLoaders) {}

  @FieldResolver(() => Conversation, {
    nullable: true,
    description:
      "The conversation that it belonged to, without it; null if the viewer may no longer see the conversation.",
  })
  conversation(@Root() { conversationId }: PurgedMessageRef, @Ctx() context: ViewerContext) {
    return this.conversations.byId(context).load(conversationId);
  }
}
