import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root, Subscription } from "type-graphql";
import type { Delivery } from "../../../platform/events/feed/channel.js";
import type { SubscriptionContext } from "../../../platform/graphql/context.js";
import { ID } from "../../../platform/graphql/scalars.js";
import type { EventUrls } from "../../../platform/graphql/subscriptions/event-urls.js";
import { EVENTS_URL } from "../../../platform/graphql/subscriptions/event-urls.js";
import type { Viewer, ViewerContext } from "../../identity/viewer.js";
import { CONVERSATION } from "../conversations/conversation.events.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { Conversation } from "../conversations/conversation.types.js";
import type { TypingService } from "../conversations/typing.service.js";
import { ConversationEventEdge } from "./conversation-event.types.js";

interface SubscribeArgs {
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
      "Events of a conversation: first those after the cursor `after`, each exactly once and in order, then new ones. Ends when the viewer may no longer read the conversation.",
    subscribe: ({ args, context }: { args: SubscribeArgs; context: SubscriptionContext<Viewer> }) =>
      context.subscribe({
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
      description: "Cursor of the last event that the client has; without it, only new events are sent.",
    })
    _after: string | null,
    @Arg("presence", () => Boolean, {
      defaultValue: false,
      description:
        "Whether to send presence events of others. Others may get presence events of the viewer in either case.",
    })
    _presence: boolean,
  ) {
    return { cursor, event };
  }

  @Mutation(() => Boolean, {
    description:
      "Informs the subscribers of a conversation that the viewer is typing. False if the conversation is closed.",
  })
  startTyping(
    @Arg("conversationId", () => ID, { description: "The conversation's id." }) conversationId: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.typing.startTyping(viewer, conversationId);
  }
}
