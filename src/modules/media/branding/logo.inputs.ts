import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType } from "type-graphql";
import { ID, Upload } from "../../../platform/graphql/scalars.js";

@InputType({ description: "A company's new logo." })
export class SetCompanyLogoInput {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => Upload, {
    description: "One file of the multipart request: JPEG, PNG, GIF or WebP, by default up to 5 MiB.",
  })
  file!: Promise<FileUpload>;
}
