import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { CompanyBranding } from "./company.types.js";
import { InviteMemberInput } from "./invitation.inputs.js";
import type { InvitationService } from "./invitation.service.js";
import type { InvitationRow } from "./invitation.tables.js";
import { Invitation } from "./invitation.types.js";
import type { MembershipFields } from "./membership.resolver.js";
import type { MembershipRow } from "./membership.tables.js";
import { Membership } from "./membership.types.js";
import type { ViewerContext } from "./viewer.js";

const ID_OPTIONS = { description: "The invitation's id." };

@Resolver(() => Invitation)
export class InvitationResolver {
  constructor(
    private readonly invitations: InvitationService,
    private readonly loaders: MembershipFields,
  ) {}

  @Mutation(() => Invitation, {
    description:
      "Asks an e-mail address to become a member of a company; for its managers. The answer is the same whether anybody has the address or not, CONFLICT for a member's. An earlier invitation to it is good no more. Nothing is sent: who has an account finds it in `Viewer.invitations`, who gets one later as well.",
  })
  inviteMember(
    @Arg("input", () => InviteMemberInput, { description: "Who is asked to become what." })
    input: InviteMemberInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<InvitationRow> {
    return this.invitations.inviteMember(viewer, input);
  }

  @Mutation(() => Invitation, {
    description: "Takes an invitation back, and answers what it was; for the company's managers.",
  })
  revokeInvitation(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<InvitationRow> {
    return this.invitations.revokeInvitation(viewer, id);
  }

  @Mutation(() => Membership, {
    description:
      "Makes the viewer a member, as the invitation says; from the next request on they may do what a member may.",
  })
  acceptInvitation(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<MembershipRow> {
    return this.invitations.acceptInvitation(viewer, id);
  }

  @Mutation(() => Invitation, {
    description:
      "Turns an invitation down, and answers what it was. The company is not told: to its managers it looks open until it ends.",
  })
  declineInvitation(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<InvitationRow> {
    return this.invitations.declineInvitation(viewer, id);
  }

  @FieldResolver(() => CompanyBranding, { description: "The company, as everybody may see it." })
  company(@Root() { companyId }: InvitationRow, @Ctx() context: ViewerContext) {
    return this.loaders.companies.byId(context).load(companyId);
  }

  @FieldResolver(() => String, { description: "What the manager or administrator is called who made it." })
  async inviterName(
    @Root() { invitedBy }: InvitationRow,
    @Ctx() context: ViewerContext,
  ): Promise<string | null> {
    return (await this.loaders.users.byId(context).load(invitedBy))?.name ?? null;
  }
}
