import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../../platform/graphql/scalars.js";
import type { Person } from "../users/user.repository.js";
import { User } from "../users/user.types.js";

@ObjectType({
  simpleResolvers: true,
  description:
    "A link with which a person can set a new password once. It is returned only here: pass it on to the person.",
})
export class PasswordReset {
  @Field(() => User, { description: "The person whose password it sets." })
  user!: Person;

  @Field(() => String, { description: "The link, in the form of the setting RESET_URL." })
  url!: string;

  @Field(() => String, { description: "The token in the link, for `resetPassword`." })
  token!: string;

  @Field(() => DateTime, { description: "When the link expires." })
  expiresAt!: Date;
}
