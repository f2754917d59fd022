import { ArrayMaxSize, ArrayMinSize, IsOptional, IsUUID, Length, Matches } from "class-validator";
import { ArgsType, Field, InputType } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { ID } from "../../../platform/graphql/scalars.js";

const FORM = "a letter, then up to 63 letters, digits, `-`, `_`, `.`";

const IsName = (field: string) =>
  Matches(/^[A-Za-z][\w.-]{0,63}$/, {
    message: `${field} must be a letter, then up to 63 letters, digits, hyphens, underscores and dots`,
  });

const TYPE = { description: `Type of the resource, such as \`course\`, \`page\` or \`ad\`: ${FORM}.` };
const RESOURCE_ID = { description: "Id of the resource: one line of up to 200 characters." };
const FIELD = { description: `Field of the resource, such as \`thumbnail\`: ${FORM}.` };
const REPLACE = {
  defaultValue: false,
  description:
    "True: the field uses a single file, and this one takes the place of the one that it uses now (or of up to 100).",
};

const ONE_LINE = /^\P{Cc}*$/u;
const IsOneLine = (field: string, options: { each?: boolean } = {}) =>
  Matches(ONE_LINE, { ...options, message: `${field} must be one line` });

@InputType({ description: "A usage of a file by an external application." })
export class MediaUsageInput {
  @Field(() => ID, { description: "The file's id." })
  mediaFileId!: string;

  @Field(() => String, TYPE)
  @IsName("resourceType")
  resourceType!: string;

  @Field(() => ID, RESOURCE_ID)
  @Length(1, 200)
  @IsOneLine("resourceId")
  resourceId!: string;

  @Field(() => String, FIELD)
  @IsName("fieldName")
  fieldName!: string;
}

@InputType({ description: "A usage of a file by an external application, to be registered." })
export class AddMediaUsageInput extends MediaUsageInput {
  @Field(() => Boolean, REPLACE)
  replace!: boolean;
}

@InputType({ description: "A usage by an external application of the file that is uploaded." })
export class NewMediaUsageInput {
  @Field(() => String, TYPE)
  @IsName("resourceType")
  resourceType!: string;

  @Field(() => ID, RESOURCE_ID)
  @Length(1, 200)
  @IsOneLine("resourceId")
  resourceId!: string;

  @Field(() => String, FIELD)
  @IsName("fieldName")
  fieldName!: string;

  @Field(() => Boolean, REPLACE)
  replace!: boolean;
}

@InputType({ description: "A resource of an external application that uses files." })
export class UsingResourceInput {
  @Field(() => String, TYPE)
  @IsName("resourceType")
  resourceType!: string;

  @Field(() => ID, RESOURCE_ID)
  @Length(1, 200)
  @IsOneLine("resourceId")
  resourceId!: string;

  @Field(() => String, { nullable: true, description: "One of its fields; by default any." })
  @IsOptional()
  @IsName("fieldName")
  fieldName?: string | null;
}

@ArgsType()
export class MediaUsagesArgs extends PageArgs {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => String, TYPE)
  @IsName("resourceType")
  resourceType!: string;

  @Field(() => [ID], { description: "Ids of 1 to 100 resources, each one line of up to 200 characters." })
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Length(1, 200, { each: true })
  @IsOneLine("resourceIds", { each: true })
  resourceIds!: string[];

  @Field(() => String, { nullable: true, description: "One of their fields; by default all." })
  @IsOptional()
  @IsName("fieldName")
  fieldName?: string | null;
}
