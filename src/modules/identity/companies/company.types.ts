import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";

@ObjectType({ simpleResolvers: true, description: "A tenant: a customer organisation of the desk." })
export class Company {
  @Field(() => ID, { description: "The company's id." })
  id!: string;

  @Field(() => String, { description: "Short name for URLs: lowercase letters, digits and hyphens." })
  slug!: string;

  @Field(() => String, { description: "Name of the company." })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the page for signing in, such as `#1b3a5c`; null if none is set.",
  })
  loginBackgroundColor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the navigation, such as `#1b3a5c`; null if none is set.",
  })
  navigationBackgroundColor!: string | null;

  @Field(() => DateTime, { description: "When the company was created." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When the company was last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the company was deleted; null while it lives.",
  })
  deletedAt!: Date | null;
}

export const CompanyConnection = connectionType("Company", () => Company);

@ObjectType({ simpleResolvers: true, description: "The public branding of a company." })
export class CompanyBranding {
  @Field(() => String, { description: "Short name for URLs." })
  slug!: string;

  @Field(() => String, { description: "Name of the company." })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the page for signing in, such as `#1b3a5c`; null if none is set.",
  })
  loginBackgroundColor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Colour behind the navigation, such as `#1b3a5c`; null if none is set.",
  })
  navigationBackgroundColor!: string | null;
}
