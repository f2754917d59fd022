import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ApiKeyLoaders } from "../api-keys/api-key.loaders.js";
import { ApiKey } from "../api-keys/api-key.types.js";
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
    private readonly apiKeys: ApiKeyLoaders,
  ) {}

  @Query(() => ViewerProfile, {
    nullable: true,
    description: "Who sends the request; null without a valid access token or API key.",
  })
  viewer(@Ctx() { viewer }: ViewerContext): ViewerProfile | null {
    if (viewer.kind === "anonymous") return null;
    if (viewer.kind === "api-key") return { user: null, apiKey: viewer };
    return viewer.kind === "user" ? { user: viewer } : { user: null, guest: viewer };
  }

  @FieldResolver(() => ID, {
    name: "id",
    description: "The id of the person, of the guest, or of the API key.",
  })
  idOfViewer(@Root() { user, guest, apiKey }: ViewerProfile) {
    return user?.id ?? guest?.id ?? apiKey?.id;
  }

  @FieldResolver(() => Guest, { nullable: true, description: "The guest; null for others." })
  guest(@Root() { guest }: ViewerProfile, @Ctx() context: ViewerContext) {
    return guest ? this.guests.byId(context).load(guest.id) : null;
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: "The API key; null for others." })
  apiKey(@Root() { apiKey }: ViewerProfile, @Ctx() context: ViewerContext) {
    return apiKey ? this.apiKeys.byId(context).load(apiKey.id) : null;
  }

  @FieldResolver(() => [UserSession], {
    name: "sessions",
    description:
      "Sessions of the person, the newest first: at most 100. Guests, API keys and users of an external identity provider have none.",
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
      "Memberships of the person, the oldest first: at most 100. Administrators do not need any; guests and API keys have none.",
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
