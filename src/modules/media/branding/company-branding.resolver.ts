import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { Company, CompanyBranding } from "../../identity/companies/company.types.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { FAVICON, LOGIN_BACKGROUND, LOGO, LOGO_THUMBNAIL, NAVIGATION_BACKGROUND } from "./branding-fields.js";
import type { BrandingImageLoaders } from "./branding-image.loaders.js";

/** The public branding, for anonymous viewers as well. */
@Resolver(() => CompanyBranding)
export class CompanyBrandingResolver {
  constructor(private readonly images: BrandingImageLoaders) {}

  @FieldResolver(() => String, LOGO)
  logoUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "logo", variant: "logo" });
  }

  @FieldResolver(() => String, LOGO_THUMBNAIL)
  logoThumbnailUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "logo", variant: "logo-thumbnail" });
  }

  @FieldResolver(() => String, FAVICON)
  faviconUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "logo", variant: "favicon" });
  }

  @FieldResolver(() => String, LOGIN_BACKGROUND)
  loginBackgroundUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "login-background", variant: "large" });
  }

  @FieldResolver(() => String, NAVIGATION_BACKGROUND)
  navigationBackgroundUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "navigation-background", variant: "large" });
  }
}

/** The same fields of `Company`, a type of a lower module: members see the same branding as everybody. */
@Resolver(() => Company)
export class BrandingOfCompanyResolver {
  constructor(private readonly images: BrandingImageLoaders) {}

  @FieldResolver(() => String, LOGO)
  logoUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "logo", variant: "logo" });
  }

  @FieldResolver(() => String, LOGO_THUMBNAIL)
  logoThumbnailUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "logo", variant: "logo-thumbnail" });
  }

  @FieldResolver(() => String, FAVICON)
  faviconUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "logo", variant: "favicon" });
  }

  @FieldResolver(() => String, LOGIN_BACKGROUND)
  loginBackgroundUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "login-background", variant: "large" });
  }

  @FieldResolver(() => String, NAVIGATION_BACKGROUND)
  navigationBackgroundUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.images.url(context, company.id, { image: "navigation-background", variant: "large" });
  }
}
