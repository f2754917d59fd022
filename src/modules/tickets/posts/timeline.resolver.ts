import type { GraphQLResolveInfo } from "graphql";
import { Args, Ctx, FieldResolver, Info, Resolver, Root } from "type-graphql";
import { asksForBody } from "../../../platform/graphql/asked-fields.js";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { ListedTicket } from "../ticket.repository.js";
import { Ticket } from "../ticket.types.js";
import type { PostLoaders } from "./post.loaders.js";
import { PostConnection, TimelineConnection } from "./post.types.js";

/** Posts and the timeline of a ticket. */
@Resolver(() => Ticket)
export class TimelineResolver {
  constructor(private readonly loaders: PostLoaders) {}

  @FieldResolver(() => PostConnection, { description: "Its photos, series and clips, oldest first." })
  posts(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.loaders.posts(context, page).load(ticket.id);
  }

  @FieldResolver(() => TimelineConnection, {
    description: "Its replies and posts, oldest first; `last: 10` returns the ten newest.",
  })
  timeline(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return this.loaders.timeline(context, { ...page, withBodies: asksForBody(info) }).load(ticket.id);
  }
}
