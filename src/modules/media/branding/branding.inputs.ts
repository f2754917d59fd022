import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType, registerEnumType } from "type-graphql";
import { ID, Upload } from "../../../platform/graphql/scalars.js";
import { STAGED_FILE } from "../../../platform/graphql/staged-arguments.js";

export const CompanyBackground = { LOGIN: "LOGIN", NAVIGATION: "NAVIGATION" } as const;
export type CompanyBackground = keyof typeof CompanyBackground;

registerEnumType(CompanyBackground, {
  name: "CompanyBackground",
  description: "A background picture of a company.",
  valuesConfig: {
    LOGIN: { description: "Behind the page for signing in." },
    NAVIGATION: { description: "Behind the navigation." },
  },
});

@InputType({ description: "A new background picture of a company." })
export class SetCompanyBackgroundInput {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => CompanyBackground, { description: "Which of them." })
  background!: CompanyBackground;

  @Field(() => Upload, {
    nullable: true,
    description:
      "One file of the multipart request: JPEG, PNG, WebP or SVG, by default up to 10 MiB. Give either this or `stagedUploadId`.",
  })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: STAGED_FILE("`PUBLIC_PAGES`") })
  stagedUploadId?: string | null;
}

@InputType({ description: "A company's new logo." })
export class SetCompanyLogoInput {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => Upload, {
    nullable: true,
    description:
      "One file of the multipart request: JPEG, PNG, GIF or WebP, by default up to 5 MiB. Give either this or `stagedUploadId`.",
  })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: STAGED_FILE("`COMPANY_LOGOS`") })
  stagedUploadId?: string | null;
}
