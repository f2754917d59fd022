import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { badUserInput } from "../../../kernel/errors.js";
import { requestFiles } from "../../../platform/graphql/request-files.js";
import { CreateCompanyInput, UpdateCompanyInput } from "../../identity/companies/company.inputs.js";
import { Company } from "../../identity/companies/company.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { CompanyChangeService } from "./company-change.service.js";

/** Mutations of `Company` that may bring a logo, so that they stand in this module. */
@Resolver(() => Company)
export class CompanyChangeResolver {
  constructor(private readonly changes: CompanyChangeService) {}

  @Mutation(() => Company, {
    description: "Creates a company, with a logo if one is given. For administrators.",
  })
  createCompany(
    @Arg("input", () => CreateCompanyInput, { description: "The company." })
    { logo, ...company }: CreateCompanyInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.changes.createCompany(context.viewer, company, requestFiles(logoOf({ logo }), context));
  }

  @Mutation(() => Company, {
    description: "Changes a company, and its logo if one is given. For its managers and administrators.",
  })
  updateCompany(
    @Arg("input", () => UpdateCompanyInput, { description: "The changes." })
    { logo, logoStagedUploadId, ...changes }: UpdateCompanyInput,
    @Ctx() context: ViewerContext,
  ) {
    const given = requestFiles(logoOf({ logo, logoStagedUploadId }), context);
    return this.changes.editCompany(context.viewer, changes, given);
  }
}

interface GivenLogo {
  readonly logo?: UpdateCompanyInput["logo"] | undefined;
  readonly logoStagedUploadId?: string | null | undefined;
}

/** @throws BAD_USER_INPUT if both are given */
function logoOf({ logo, logoStagedUploadId }: GivenLogo) {
  if (logo && logoStagedUploadId)
    throw badUserInput("Give either `logo` or `logoStagedUploadId`, and not both.", { field: "logo" });
  return {
    files: logo ? [logo] : [],
    stagedUploadIds: logoStagedUploadId ? [logoStagedUploadId] : [],
  };
}
