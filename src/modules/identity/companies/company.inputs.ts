import { IsOptional, Matches } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { ArgsType, Field, InputType } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { ID, Upload } from "../../../platform/graphql/scalars.js";
import { Line, SearchText } from "../../../platform/graphql/text-rules.js";
import { MAX_NAME_LENGTH } from "../name.js";
import type { CompanyChanges, CompanySearch } from "./company.service.js";
import { SLUG_FORM } from "./slug.js";

const COLOR_FORM = /^#[0-9a-fA-F]{6}$/;
const SLUG_RULE = { message: "slug must be 1 to 63 small letters, digits and inner hyphens" };

@ArgsType()
export class CompaniesArgs extends PageArgs implements CompanySearch {
  @Field(() => String, { nullable: true, description: "A part of the name or the slug." })
  @IsOptional()
  @SearchText()
  search?: string | null;
}

@InputType({ description: "A new company." })
export class CreateCompanyInput {
  @Field(() => String, { description: "Short name for URLs: lowercase letters, digits and hyphens." })
  @Matches(SLUG_FORM, SLUG_RULE)
  slug!: string;

  @Field(() => String, { description: "Name of the company: 1 to 200 characters." })
  @Line(MAX_NAME_LENGTH)
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the page for signing in, `#` and six hexadecimal digits.",
  })
  @IsOptional()
  @Matches(COLOR_FORM, {
    message: "loginBackgroundColor must be # and six hexadecimal digits, such as #1b3a5c",
  })
  loginBackgroundColor?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the navigation, `#` and six hexadecimal digits.",
  })
  @IsOptional()
  @Matches(COLOR_FORM, {
    message: "navigationBackgroundColor must be # and six hexadecimal digits, such as #1b3a5c",
  })
  navigationBackgroundColor?: string | null;

  @Field(() => Upload, {
    nullable: true,
    description: "Its logo, as `setCompanyLogo` takes it, in the multipart request.",
  })
  logo?: Promise<FileUpload> | null;
}

@InputType({ description: "Changes of a company; omitted fields stay as they are." })
export class UpdateCompanyInput implements CompanyChanges {
  @Field(() => ID, { description: "The company's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "New short name for URLs." })
  @IsOptional()
  @Matches(SLUG_FORM, SLUG_RULE)
  slug?: string | null;

  @Field(() => String, { nullable: true, description: "New name: 1 to 200 characters." })
  @IsOptional()
  @Line(MAX_NAME_LENGTH)
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the page for signing in, `#` and six hexadecimal digits; null removes it.",
  })
  @IsOptional()
  @Matches(COLOR_FORM, {
    message: "loginBackgroundColor must be # and six hexadecimal digits, such as #1b3a5c",
  })
  loginBackgroundColor?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the navigation, `#` and six hexadecimal digits; null removes it.",
  })
  @IsOptional()
  @Matches(COLOR_FORM, {
    message: "navigationBackgroundColor must be # and six hexadecimal digits, such as #1b3a5c",
  })
  navigationBackgroundColor?: string | null;

  @Field(() => Upload, {
    nullable: true,
    description:
      "A new logo, as `setCompanyLogo` takes it, in the multipart request. Give either this or `logoStagedUploadId`.",
  })
  logo?: Promise<FileUpload> | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "Id of a staged upload of the viewer, complete and not used yet, begun for `COMPANY_LOGOS`: a new logo.",
  })
  logoStagedUploadId?: string | null;
}
