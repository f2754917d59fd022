import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { CompanyBranding } from "../../identity/companies/company.types.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { LogoLoaders } from "./logo.loaders.js";
import { FAVICON, LOGO, LOGO_THUMBNAIL } from "./logo-fields.js";

/** The public logo, for anonymous viewers as well. */
@Resolver(() => CompanyBranding)
export class CompanyBrandingResolver {
  constructor(private readonly loaders: LogoLoaders) {}

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
