import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { MembershipLoaders } from "./membership.loaders.js";
import { Membership } from "./membership.types.js";
import type { ViewerContext } from "./viewer.js";
import { ViewerProfile } from "./viewer.types.js";

@Resolver(() => ViewerProfile)
export class ViewerResolver {
  constructor(private readonly memberships: MembershipLoaders) {}

  @Query(() => ViewerProfile, {
    nullable: true,
    description: "Who is asking; null without a good access token.",
  })
  viewer(@Ctx() { viewer }: ViewerContext): ViewerProfile | null {
    return viewer.kind === "user" ? { user: viewer } : null;
  }

  @FieldResolver(() => [Membership], {
    name: "memberships",
    description:
      "What the person is in which company, the oldest first: the first 100. Administrators need none.",
  })
  membershipsOfViewer(@Root() { user }: ViewerProfile, @Ctx() context: ViewerContext) {
    return this.memberships.ofUser(context).load(user.id);
  }
}
