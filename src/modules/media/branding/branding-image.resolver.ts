import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { requestFile } from "../../../platform/graphql/request-files.js";
import { ID } from "../../../platform/graphql/scalars.js";
import { Company } from "../../identity/companies/company.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { CompanyBackground, SetCompanyBackgroundInput, SetCompanyLogoInput } from "./branding.inputs.js";
import type { BrandingImageService } from "./branding-image.service.js";

const BY_WHOM = "For the company's managers and administrators, and its API keys with `MANAGE`.";
const COMPANY_ID = { description: "The company's id." };

/** The images of a company's branding. */
@Resolver(() => Company)
export class BrandingImageResolver {
  constructor(private readonly images: BrandingImageService) {}

  @Mutation(() => Company, {
    description: `Sets a company's logo, which replaces the previous one. Its URLs are null until it is rendered. ${BY_WHOM}`,
  })
  setCompanyLogo(
    @Arg("input", () => SetCompanyLogoInput, { description: "The logo." }) input: SetCompanyLogoInput,
    @Ctx() context: ViewerContext,
  ) {
    const target = { companyId: input.companyId, image: "logo" } as const;
    return this.images.setImage(context.viewer, target, requestFile(input, context));
  }

  @Mutation(() => Company, { description: `Removes a company's logo at once. ${BY_WHOM}` })
  removeCompanyLogo(
    @Arg("companyId", () => ID, COMPANY_ID) companyId: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.images.removeImage(viewer, { companyId, image: "logo" });
  }

  @Mutation(() => Company, {
    description: `Sets a background picture of a company, which replaces the previous one. Its URL is null until it is rendered. ${BY_WHOM}`,
  })
  setCompanyBackground(
    @Arg("input", () => SetCompanyBackgroundInput, { description: "The background." })
    input: SetCompanyBackgroundInput,
    @Ctx() context: ViewerContext,
  ) {
    const target = { companyId: input.companyId, image: IMAGE_OF[input.background] };
    return this.images.setImage(context.viewer, target, requestFile(input, context));
  }

  @Mutation(() => Company, { description: `Removes a background picture of a company at once. ${BY_WHOM}` })
  removeCompanyBackground(
    @Arg("companyId", () => ID, COMPANY_ID) companyId: string,
    @Arg("background", () => CompanyBackground, { description: "Which of them." })
    background: CompanyBackground,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.images.removeImage(viewer, { companyId, image: IMAGE_OF[background] });
  }
}

const IMAGE_OF = { LOGIN: "login-background", NAVIGATION: "navigation-background" } as const;
