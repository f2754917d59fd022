import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { requestFile } from "../../../platform/graphql/request-files.js";
import { ID } from "../../../platform/graphql/scalars.js";
import { Company } from "../../identity/companies/company.types.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { SetCompanyLogoInput } from "./logo.inputs.js";
import type { LogoLoaders } from "./logo.loaders.js";
import type { LogoService } from "./logo.service.js";
import { FAVICON, LOGO, LOGO_THUMBNAIL } from "./logo-fields.js";

/** Fields that this module adds to `Company`. */
@Resolver(() => Company)
export class CompanyLogoResolver {
  constructor(
    private readonly logos: LogoService,
    private readonly loaders: LogoLoaders,
  ) {}

  @Mutation(() => Company, {
    description:
      "Sets a company's logo, which replaces the previous one. Its URLs are null until it is rendered. For the company's managers and administrators, and its API keys with `MANAGE`.",
  })
  setCompanyLogo(
    @Arg("input", () => SetCompanyLogoInput, { description: "The logo." }) input: SetCompanyLogoInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.logos.setCompanyLogo(context.viewer, input.companyId, requestFile(input, context));
  }

  @Mutation(() => Company, {
    description:
      "Removes a company's logo at once. For the company's managers and administrators, and its API keys with `MANAGE`.",
  })
  removeCompanyLogo(
    @Arg("companyId", () => ID, { description: "The company's id." }) companyId: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.logos.removeCompanyLogo(viewer, companyId);
  }

  @FieldResolver(() => String, LOGO)
  logoUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.loaders.url(context, company.id, "logo");
  }

  @FieldResolver(() => String, LOGO_THUMBNAIL)
  logoThumbnailUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.loaders.url(context, company.id, "logo-thumbnail");
  }

  @FieldResolver(() => String, FAVICON)
  faviconUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.loaders.url(context, company.id, "favicon");
  }
}
