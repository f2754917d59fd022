import { Arg, Ctx, FieldResolver, Resolver, Root, Subscription } from "type-graphql";
import type { Delivery } from "../../../platform/events/feed/channel.js";
import type { SubscriptionContext } from "../../../platform/graphql/context.js";
import type { EventCursorLoaders } from "../../../platform/graphql/event-cursor.loaders.js";
import { EVENT_CURSOR } from "../../../platform/graphql/event-cursor.loaders.js";
import { ID } from "../../../platform/graphql/scalars.js";
import type { EventUrls } from "../../../platform/graphql/subscriptions/event-urls.js";
import { EVENTS_URL } from "../../../platform/graphql/subscriptions/event-urls.js";
import type { Viewer, ViewerContext } from "../../identity/viewer.js";
import type { ListedTicket } from "../ticket.repository.js";
import { Ticket } from "../ticket.types.js";
import { TicketEventEdge } from "./ticket-event.types.js";

interface SubscribeParams {
  readonly args: { readonly ticketId: string; readonly after?: string | null };
  readonly context: SubscriptionContext<Viewer>;
}

@Resolver(() => Ticket)
export class TicketEventResolver {
  constructor(
    private readonly eventUrls: EventUrls,
    private readonly eventCursors: EventCursorLoaders,
  ) {}

  @FieldResolver(() => String, {
    description: `Current position of its events: pass it as \`after\` to \`ticketEvents\`. ${EVENT_CURSOR}`,
  })
  eventCursor(@Root() { id }: ListedTicket, @Ctx() context: ViewerContext) {
    return this.eventCursors.ofTopic(context).load(`ticket:${id}`);
  }

  @FieldResolver(() => String, {
    description: `Absolute URL of its events as Server-Sent Events, ${EVENTS_URL}`,
  })
  eventsUrl(@Root() { id }: ListedTicket, @Ctx() context: ViewerContext) {
    return this.eventUrls.ofTopic(context, "ticket", id);
  }

  @Subscription(() => TicketEventEdge, {
    description:
      "Events of a ticket, its replies, posts, attachments and participants, each with the object as it is at delivery. For viewers who may read the ticket; internal replies for staff.",
    subscribe: ({ args, context }: SubscribeParams) =>
      context.subscribe({ kind: "ticket", id: args.ticketId, after: args.after }),
  })
  ticketEvents(
    @Root() delivery: Delivery<Viewer>,
    @Arg("ticketId", () => ID, { description: "The ticket's id." }) _ticketId: string,
    @Arg("after", () => String, {
      nullable: true,
      description:
        'Cursor of the last event that the client has: later events are sent first. "0": all events from the beginning; without it, only new events.',
    })
    _after: string | null,
  ): Delivery<Viewer> {
    return delivery;
  }
}
