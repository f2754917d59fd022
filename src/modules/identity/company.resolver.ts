import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import { ID } from "../../platform/graphql/scalars.js";
import { CompaniesArgs, CreateCompanyInput, UpdateCompanyInput } from "./company.inputs.js";
import type { CompanyService } from "./company.service.js";
import type { CompanyRow } from "./company.tables.js";
import { Company, CompanyBranding, CompanyConnection } from "./company.types.js";
import type { InvitationService } from "./invitation.service.js";
import { InvitationConnection } from "./invitation.types.js";
import type { MembershipService } from "./membership.service.js";
import { MembershipConnection } from "./membership.types.js";
import type { ViewerContext } from "./viewer.js";

const ID_OPTIONS = { description: "The company's id." };

@Resolver(() => Company)
export class CompanyResolver {
  constructor(
    private readonly service: CompanyService,
    private readonly members: MembershipService,
    private readonly invited: InvitationService,
  ) {}

  @Query(() => Company, {
    nullable: true,
    description: "A company that the viewer belongs to, else NOT_FOUND.",
  })
  company(@Arg("id", () => ID, ID_OPTIONS) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.service.readCompany(viewer, id);
  }

  @Query(() => CompanyConnection, { description: "The viewer's companies by name; for administrators all." })
  companies(@Args(() => CompaniesArgs) args: CompaniesArgs, @Ctx() { viewer }: ViewerContext) {
    return this.service.browseCompanies(viewer, args);
  }

  @Query(() => CompanyBranding, {
    nullable: true,
    description: "What a company shows to everybody, signed in or not; null when there is no such company.",
  })
  companyBranding(
    @Arg("slug", () => String, { description: "The company's name in addresses." }) slug: string,
  ) {
    return this.service.readBranding(slug);
  }

  @Mutation(() => Company, { description: "Creates a company; for administrators." })
  createCompany(
    @Arg("input", () => CreateCompanyInput, { description: "The company." }) input: CreateCompanyInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<CompanyRow> {
    return this.service.createCompany(viewer, input);
  }

  @Mutation(() => Company, { description: "Changes a company; for its managers and administrators." })
  updateCompany(
    @Arg("input", () => UpdateCompanyInput, { description: "The changes." }) input: UpdateCompanyInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<CompanyRow> {
    return this.service.editCompany(viewer, input);
  }

  @Mutation(() => Company, { description: "Deletes a company for everybody, at once; for administrators." })
  deleteCompany(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<CompanyRow> {
    return this.service.deleteCompany(viewer, id);
  }

  @Mutation(() => Company, {
    description: "Gives a deleted company back to its members; for administrators.",
  })
  restoreCompany(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<CompanyRow> {
    return this.service.restoreCompany(viewer, id);
  }

  @FieldResolver(() => MembershipConnection, {
    description: "The company's people, the oldest member first; for its staff, FORBIDDEN for customers.",
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
      "Who is asked to become a member and has not accepted, the oldest invitation first; for the company's managers, FORBIDDEN for its other people.",
  })
  invitations(
    @Root() company: CompanyRow,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.invited.listInvitations(context, company, page);
  }
}
