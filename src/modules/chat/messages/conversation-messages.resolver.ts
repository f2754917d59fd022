import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Int, Mutation, Resolver, Root } from "type-graphql";
import { asksForBody } from "../../../platform/graphql/asked-fields.js";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { Conversation } from "../conversations/conversation.types.js";
import type { ChatMessageLoaders } from "./chat-message.loaders.js";
import { ChatMessage, ChatMessageConnection } from "./chat-message.types.js";
import { MarkReadInput } from "./read-mark.inputs.js";
import type { ReadMarkService } from "./read-mark.service.js";

/** The messages of a conversation, and how far the viewer has read them. */
@Resolver(() => Conversation)
export class ConversationMessagesResolver {
  constructor(
    private readonly readMarks: ReadMarkService,
    private readonly loaders: ChatMessageLoaders,
  ) {}

  @Mutation(() => Conversation, {
    description:
      "Marks a conversation as read up to a message; an earlier message than before changes nothing.",
  })
  markRead(
    @Arg("input", () => MarkReadInput, { description: "The conversation and the message." })
    input: MarkReadInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.readMarks.markRead(viewer, input);
  }

  @FieldResolver(() => ChatMessageConnection, {
    description: "Its messages, oldest first; `last: 20` returns the twenty newest.",
  })
  messages(
    @Root() { id }: ConversationView,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return this.loaders.messages(context, { ...page, withBodies: asksForBody(info) }).load(id);
  }

  @FieldResolver(() => ChatMessage, {
    nullable: true,
    description: "The latest message; null before the first.",
  })
  lastMessage(
    @Root() { id }: ConversationView,
    @Ctx() context: ViewerContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return this.loaders.lastMessage(context, { withBodies: asksForBody(info) }).load(id);
  }

  @FieldResolver(() => Int, {
    description:
      "Number of messages by others after the last one that you have marked as read (`markRead`), without deleted ones; at most 1,000.",
  })
  unreadCount(@Root() { id }: ConversationView, @Ctx() context: ViewerContext) {
    return this.loaders.unreadCount(context).load(id);
  }
}
