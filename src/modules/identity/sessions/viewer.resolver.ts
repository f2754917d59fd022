import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { GuestLoaders } from "../guests/guest.loaders.js";
import { Guest } from "../guests/guest.types.js";
import type { InvitationLoaders } from "../memberships/invitation.loaders.js";
import { Invitation } from "../memberships/invitation.types.js";
import type { MembershipLoaders } from "../memberships/membership.loaders.js";
import { Membership } from "../memberships/membership.types.js";
import type { ViewerContext } from "../viewer.js";
import type { SessionLoaders } from "./session.loaders.js";
import { UserSession } from "./session.types.js";
import { ViewerProfile } from "./viewer.types.js";

@Resolver(() => ViewerProfile)
export class ViewerResolver {
  constructor(
    private readonly memberships: MembershipLoaders,
    private readonly guests: GuestLoaders,
    private readonly sessions: SessionLoaders,
    private readonly invitations: InvitationLoaders,
  ) {}

  @Query(() => ViewerProfile, {
    nullable: true,
    description: "Who sends the request; null without a valid access token.",
  })
  viewer(@Ctx() { viewer }: ViewerContext): ViewerProfile | null {
    if (viewer.kind === "anonymous") return null;
    return viewer.kind === "user" ? { user: viewer } : { user: null, guest: viewer };
  }

  @FieldResolver(() => ID, { name: "id", description: "The id of the person, or of the guest." })
  idOfViewer(@Root() { user, guest }: ViewerProfile) {
    return user?.id ?? guest?.id;
  }

  @FieldResolver(() => Guest, { nullable: true, description: "The guest; null for a person." })
  guest(@Root() { guest }: ViewerProfile, @Ctx() context: ViewerContext) {
    return guest ? this.guests.byId(context).load(guest.id) : null;
  }

  @FieldResolver(() => [UserSession], {
    name: "sessions",
    description:
      "Sessions of the person, the newest first: at most 100. Guests and users of an external identity provider have none.",
  })
  async sessionsOfViewer(
    @Root() { user }: ViewerProfile,
    @Ctx() context: ViewerContext,
  ): Promise<UserSession[]> {
    if (user === null) return [];
    const open = await this.sessions.ofUser(context).load(user.id);
    return open.map((session) => ({
      ...session,
      lastUsedAt: session.updatedAt,
      isCurrent: session.id === user.sessionId,
    }));
  }

  @FieldResolver(() => [Membership], {
    name: "memberships",
    description:
      "Memberships of the person, the oldest first: at most 100. Administrators do not need any; guests have none.",
  })
  membershipsOfViewer(@Root() { user }: ViewerProfile, @Ctx() context: ViewerContext) {
    return user === null ? [] : this.memberships.ofUser(context).load(user.id);
  }

  @FieldResolver(() => [Invitation], {
    name: "invitations",
    description:
      "Open invitations to the person's e-mail address, the oldest first: at most 100. Answer with `acceptInvitation` or `declineInvitation`.",
  })
  invitationsOfViewer(@Root() { user }: ViewerProfile, @Ctx() context: ViewerContext) {
    return user === null ? [] : this.invitations.receivedBy(context).load(user);
  }
}
