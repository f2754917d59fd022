import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { CompanyLoaders } from "../companies/company.loaders.js";
import { Company } from "../companies/company.types.js";
import type { MembershipRow } from "../membership.tables.js";
import type { UserLoaders } from "../users/user.loaders.js";
import { User } from "../users/user.types.js";
import type { ViewerContext } from "../viewer.js";
import { RemoveMembershipInput, SetMembershipInput } from "./membership.inputs.js";
import type { MembershipService } from "./membership.service.js";
import { Membership } from "./membership.types.js";

export interface MembershipFields {
  readonly companies: CompanyLoaders;
  readonly users: UserLoaders;
}

@Resolver(() => Membership)
export class MembershipResolver {
  constructor(
    private readonly memberships: MembershipService,
    private readonly loaders: MembershipFields,
  ) {}

  @Mutation(() => Membership, {
    description:
      "Changes the role of a member. For managers of the company, who invite others with `inviteMember`; administrators may also add members directly.",
  })
  setMembership(
    @Arg("input", () => SetMembershipInput, { description: "Who becomes what." }) input: SetMembershipInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<MembershipRow> {
    return this.memberships.setMembership(viewer, input);
  }

  @Mutation(() => Membership, {
    description: "Ends a membership, and returns it as it was. For managers of the company.",
  })
  removeMembership(
    @Arg("input", () => RemoveMembershipInput, { description: "The membership." })
    input: RemoveMembershipInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<MembershipRow> {
    return this.memberships.removeMembership(viewer, input);
  }

  @FieldResolver(() => Company, { description: "The company." })
  company(@Root() { companyId }: MembershipRow, @Ctx() context: ViewerContext) {
    return this.loaders.companies.byId(context).load(companyId);
  }

  @FieldResolver(() => User, { description: "The person." })
  user(@Root() { userId }: MembershipRow, @Ctx() context: ViewerContext) {
    return this.loaders.users.byId(context).load(userId);
  }
}
