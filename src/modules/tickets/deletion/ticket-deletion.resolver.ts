import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { Ticket } from "../ticket.types.js";
import type { TicketDeletionService } from "./ticket-deletion.service.js";

/** Deleting and restoring a ticket with all that belongs to it, which the ticket itself does not know. */
@Resolver(() => Ticket)
export class TicketDeletionResolver {
  constructor(private readonly deletions: TicketDeletionService) {}

  @Mutation(() => Ticket, {
    description:
      "Deletes a ticket with its replies, posts and files. It can be restored, by default for 14 days. For managers.",
  })
  deleteTicket(
    @Arg("id", () => ID, { description: "The ticket's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.deleteTicket(viewer, id);
  }

  @Mutation(() => Ticket, { description: "Restores a deleted ticket. For managers." })
  restoreTicket(
    @Arg("id", () => ID, { description: "The ticket's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.restoreTicket(viewer, id);
  }
}
