import { IsOptional, Min } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ByteCount, ID } from "../../../platform/graphql/scalars.js";
import type { NewStorageLimit } from "./storage-limit.service.js";

@InputType({ description: "How much the files of a company may take." })
export class SetStorageLimitInput implements NewStorageLimit {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => ByteCount, {
    nullable: true,
    description: "The limit in bytes, 0 or more; null removes it. It has to be given.",
  })
  @IsOptional()
  @Min(0, { message: "storageLimitBytes must be 0 or more" })
  storageLimitBytes?: number | null;
}
