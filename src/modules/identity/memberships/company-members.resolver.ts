import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { Company } from "../companies/company.types.js";
import type { CompanyRow } from "../company.tables.js";
import type { ViewerContext } from "../viewer.js";
import type { InvitationService } from "./invitation.service.js";
import { InvitationConnection } from "./invitation.types.js";
import type { MembershipService } from "./membership.service.js";
import { MembershipConnection } from "./membership.types.js";

/** The fields of a company about its members. */
@Resolver(() => Company)
export class CompanyMembersResolver {
  constructor(
    private readonly members: MembershipService,
    private readonly invited: InvitationService,
  ) {}

  @FieldResolver(() => MembershipConnection, {
    description:
      "Members of the company, the oldest membership first. For its staff; FORBIDDEN for customers.",
  })
  memberships(
    @Root() company: CompanyRow,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.members.listMembers(context, company, page);
  }

  @FieldResolver(() => InvitationConnection, {
    description:
      "Open invitations to become a member, the oldest first. For managers of the company; FORBIDDEN for its other members.",
  })
  invitations(
    @Root() company: CompanyRow,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.invited.listInvitations(context, company, page);
  }
}
