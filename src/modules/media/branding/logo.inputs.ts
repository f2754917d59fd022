import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType } from "type-graphql";
import { ID, Upload } from "../../../platform/graphql/scalars.js";
import { STAGED_FILE } from "../../../platform/graphql/staged-arguments.js";

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
