import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { Guest } from "../../identity/guests/guest.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { clientOf } from "../../identity/viewer.js";
import type { ConversationLoaders } from "../conversations/conversation.loaders.js";
import { Conversation } from "../conversations/conversation.types.js";
import { InviteGuestInput } from "./guest-invitation.inputs.js";
import type { GivenInvitation, GuestInvitationService } from "./guest-invitation.service.js";
import { GuestInvitation, GuestSession } from "./guest-invitation.types.js";

@Resolver(() => GuestInvitation)
export class GuestInvitationResolver {
  constructor(
    private readonly invitations: GuestInvitationService,
    private readonly loaders: ConversationLoaders,
  ) {}

  @Mutation(() => GuestInvitation, {
    description:
      "Invites a guest, a person without an account, to a conversation; a conversation has at most 50 guests at a time. For staff.",
  })
  inviteGuest(
    @Arg("input", () => InviteGuestInput, { description: "The guest and the conversation." })
    input: InviteGuestInput,
    @Ctx() { viewer, baseUrl }: ViewerContext,
  ) {
    return this.invitations.inviteGuest(viewer, input, baseUrl);
  }

  @Mutation(() => GuestSession, {
    description:
      "Opens a short session for the guest with this token. Can be called repeatedly while the invitation is valid.",
  })
  joinAsGuest(
    @Arg("token", () => String, { description: "The invitation's token." }) token: string,
    @Ctx() context: ViewerContext,
  ) {
    return this.invitations.joinAsGuest(token, clientOf(context));
  }

  @Mutation(() => Guest, { description: "Ends the access of a guest at once. For staff." })
  revokeGuest(
    @Arg("id", () => ID, { description: "The guest's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.invitations.revokeGuest(viewer, id);
  }

  @FieldResolver(() => Conversation, {
    nullable: true,
    description: "The conversation that the guest is invited to; null if the viewer may no longer see it.",
  })
  conversation(@Root() { guest }: GivenInvitation, @Ctx() context: ViewerContext) {
    return this.loaders.byId(context).load(guest.conversationId);
  }
}
