import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root, Subscription } from "type-graphql";
import type { Delivery } from "../../platform/events/channel.js";
import type { SubscriptionContext } from "../../platform/graphql/context.js";
import type { EventUrls } from "../../platform/graphql/event-urls.js";
import { EVENTS_URL } from "../../platform/graphql/event-urls.js";
import { ID } from "../../platform/graphql/scalars.js";
import type { Viewer, ViewerContext } from "../identity/viewer.js";
import type { ConversationView } from "./conversation.repository.js";
import { Conversation } from "./conversation.types.js";
import { ConversationEventEdge } from "./conversation-event.types.js";
import { CONVERSATION } from "./conversation-events.js";
import type { TypingService } from "./typing.service.js";

interface FollowArgs {
  readonly conversationId: string;
  readonly after?: string | null;
  readonly presence?: boolean;
}

@Resolver(() => Conversation)
export class ConversationEventResolver {
  constructor(
    private readonly typing: TypingService,
    private readonly eventUrls: EventUrls,
  ) {}

  @FieldResolver(() => String, {
    description: `Absolute URL of its events as Server-Sent Events, ${EVENTS_URL}`,
  })
  eventsUrl(@Root() { id }: ConversationView, @Ctx() context: ViewerContext) {
    return this.eventUrls.ofTopic(context, CONVERSATION, id);
  }

  @Subscription(() => ConversationEventEdge, {
    description:
      "What happens in a conversation: behind the cursor `after` first what was missed, each event exactly once and in order. Ends when you may read it no more.",
    subscribe: ({ args, context }: { args: FollowArgs; context: SubscriptionContext<Viewer> }) =>
      context.follow({
        kind: CONVERSATION,
        id: args.conversationId,
        after: args.after,
        presence: args.presence,
      }),
  })
  conversationEvents(
    @Root() { cursor, event }: Delivery<Viewer>,
    @Arg("conversationId", () => ID, { description: "The conversation's id." }) _conversationId: string,
    @Arg("after", () => String, {
      nullable: true,
      description: "The cursor of the last event that you have; without one, what happens from now on.",
    })
    _after: string | null,
    @Arg("presence", () => Boolean, {
      defaultValue: false,
      description:
        "Whether you are told who is there, comes and goes. Others may be told of you in either case.",
    })
    _presence: boolean,
  ) {
    return { cursor, event };
  }

  @Mutation(() => Boolean, {
    description:
      "Tells those who follow a conversation that you write just now. True when it takes messages.",
  })
  startTyping(
    @Arg("conversationId", () => ID, { description: "The conversation's id." }) conversationId: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.typing.startTyping(viewer, conversationId);
  }
}
