import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { Guest } from "../identity/guest.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import { InviteGuestInput } from "./conversation.inputs.js";
import type { ConversationLoaders } from "./conversation.loaders.js";
import { Conversation } from "./conversation.types.js";
import type { GivenInvitation, GuestInvitationService } from "./guest-invitation.service.js";
import { GuestInvitation, GuestSession } from "./guest-invitation.types.js";

@Resolver(() => GuestInvitation)
export class GuestInvitationResolver {
  constructor(
    private readonly invitations: GuestInvitationService,
    private readonly loaders: ConversationLoaders,
  ) {}

  @Mutation(() => GuestInvitation, {
    description: "Invites somebody without an account into a conversation, up to 50 at a time. For staff.",
  })
  inviteGuest(
    @Arg("input", () => InviteGuestInput, { description: "Whom, where, and for how long." })
    input: InviteGuestInput,
    @Ctx() { viewer, baseUrl }: ViewerContext,
  ) {
    return this.invitations.inviteGuest(viewer, input, baseUrl);
  }

  @Mutation(() => GuestSession, {
    description: "Opens a short session for whoever has an invitation's token, as often as they come.",
  })
  joinAsGuest(
    @Arg("token", () => String, { description: "The invitation's token." }) token: string,
    @Ctx() { clientAddress }: ViewerContext,
  ) {
    return this.invitations.joinAsGuest(token, clientAddress);
  }

  @Mutation(() => Guest, { description: "Ends a guest's access at once. For staff." })
  revokeGuest(
    @Arg("id", () => ID, { description: "The guest's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.invitations.revokeGuest(viewer, id);
  }

  @FieldResolver(() => Conversation, {
    nullable: true,
    description: "The conversation that the guest is invited into; null for whom it is not for any more.",
  })
  conversation(@Root() { guest }: GivenInvitation, @Ctx() context: ViewerContext) {
    return this.loaders.byId(context).load(guest.conversationId);
  }
}
