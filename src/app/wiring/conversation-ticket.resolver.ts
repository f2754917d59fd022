import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ConversationLoaders } from "../../modules/chat/conversations/conversation.loaders.js";
import type { ConversationView } from "../../modules/chat/conversations/conversation.repository.js";
import { Conversation, ConversationConnection } from "../../modules/chat/conversations/conversation.types.js";
import type { ViewerContext } from "../../modules/identity/viewer.js";
import type { TicketLoaders } from "../../modules/tickets/ticket.loaders.js";
import type { ListedTicket } from "../../modules/tickets/ticket.repository.js";
import { Ticket } from "../../modules/tickets/ticket.types.js";
import { PageArgs } from "../../platform/graphql/connection.types.js";

/*
 * Fields between tickets and conversations. Their modules are siblings and must not import each other, so these fields are resolved in the composition root.
 */

@Resolver(() => Conversation)
export class ConversationTicketResolver {
  constructor(private readonly loaders: TicketLoaders) {}

  @FieldResolver(() => Ticket, {
    nullable: true,
    description: "The ticket that it is about; null if there is none, or none that the viewer may see.",
  })
  ticket(@Root() { ticketId }: ConversationView, @Ctx() context: ViewerContext) {
    return ticketId === null ? null : this.loaders.byId(context).load(ticketId);
  }
}

@Resolver(() => Ticket)
export class TicketConversationResolver {
  constructor(private readonly loaders: ConversationLoaders) {}

  @FieldResolver(() => ConversationConnection, {
    description: "Conversations about it that the viewer may see, by latest activity.",
  })
  conversations(
    @Root() { id }: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.loaders.ofTickets(context, page).load(id);
  }
}
