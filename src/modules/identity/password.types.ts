import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../platform/graphql/scalars.js";
import type { Person } from "./user.repository.js";
import { User } from "./user.types.js";

@ObjectType({
  simpleResolvers: true,
  description:
    "A link by which somebody sets a new password, once. It is told here and nowhere else: hand it over.",
})
export class PasswordReset {
  @Field(() => User, { description: "Whose password it sets." })
  user!: Person;

  @Field(() => String, { description: "The link, as `RESET_URL` says." })
  url!: string;

  @Field(() => String, { description: "The token in the link, for `resetPassword`." })
  token!: string;

  @Field(() => DateTime, { description: "When the link ends if it is not used." })
  expiresAt!: Date;
}
