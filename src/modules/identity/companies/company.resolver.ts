import { Arg, Args, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { CompanyRow } from "../company.tables.js";
import type { ViewerContext } from "../viewer.js";
import { CompaniesArgs } from "./company.inputs.js";
import type { CompanyService } from "./company.service.js";
import { Company, CompanyBranding, CompanyConnection } from "./company.types.js";

const ID_OPTIONS = { description: "The company's id." };

@Resolver(() => Company)
export class CompanyResolver {
  constructor(private readonly service: CompanyService) {}

  @Query(() => Company, {
    nullable: true,
    description: "One company; null if it does not exist, is deleted, or is not visible to the viewer.",
  })
  company(@Arg("id", () => ID, ID_OPTIONS) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.service.readCompany(viewer, id);
  }

  @Query(() => CompanyConnection, {
    description: "The viewer's companies by name; all companies for administrators.",
  })
  companies(@Args(() => CompaniesArgs) args: CompaniesArgs, @Ctx() { viewer }: ViewerContext) {
    return this.service.browseCompanies(viewer, args);
  }

  @Query(() => CompanyBranding, {
    nullable: true,
    description: "The public branding of a company, without a sign-in; null if there is no such company.",
  })
  companyBranding(@Arg("slug", () => String, { description: "Short name for URLs." }) slug: string) {
    return this.service.readBranding(slug);
  }

  @Mutation(() => Company, {
    description:
      "Deletes a company for everybody, at once. It can be restored, by default for 14 days. For administrators.",
  })
  deleteCompany(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<CompanyRow> {
    return this.service.deleteCompany(viewer, id);
  }

  @Mutation(() => Company, {
    description: "Restores a deleted company. For administrators.",
  })
  restoreCompany(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<CompanyRow> {
    return this.service.restoreCompany(viewer, id);
  }
}
