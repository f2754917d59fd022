import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { CompanyBranding } from "../companies/company.types.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { MembershipRow } from "../membership.tables.js";
import type { ViewerContext } from "../viewer.js";
import { InviteMemberInput } from "./invitation.inputs.js";
import type { InvitationService } from "./invitation.service.js";
import { Invitation } from "./invitation.types.js";
import type { MembershipFields } from "./membership.resolver.js";
import { Membership } from "./membership.types.js";

const ID_OPTIONS = { description: "The invitation's id." };

@Resolver(() => Invitation)
export class InvitationResolver {
  constructor(
    private readonly invitations: InvitationService,
    private readonly loaders: MembershipFields,
  ) {}

  @Mutation(() => Invitation, {
    description:
      "Invites an e-mail address to become a member of a company. The response is the same whether an account has the address or not; CONFLICT for the address of a member. The invitation replaces an earlier one to the same address. No e-mail is sent: the owner of the address finds the invitation in `Viewer.invitations`, also if they get an account later. For managers of the company.",
  })
  inviteMember(
    @Arg("input", () => InviteMemberInput, { description: "The invitation." })
    input: InviteMemberInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<InvitationRow> {
    return this.invitations.inviteMember(viewer, input);
  }

  @Mutation(() => Invitation, {
    description: "Revokes an invitation, and returns it as it was. For managers of the company.",
  })
  revokeInvitation(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<InvitationRow> {
    return this.invitations.revokeInvitation(viewer, id);
  }

  @Mutation(() => Membership, {
    description: "Makes the viewer a member of the company, with the role of the invitation.",
  })
  acceptInvitation(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<MembershipRow> {
    return this.invitations.acceptInvitation(viewer, id);
  }

  @Mutation(() => Invitation, {
    description:
      "Declines an invitation, and returns it as it was. The company is not informed: its managers see the invitation as open until it expires.",
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

  @FieldResolver(() => String, { description: "Name of the manager or administrator who created it." })
  async inviterName(
    @Root() { invitedBy }: InvitationRow,
    @Ctx() context: ViewerContext,
  ): Promise<string | null> {
    return (await this.loaders.users.byId(context).load(invitedBy))?.name ?? null;
  }
}
