import { Matches, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { EMAIL_FORM, MAX_EMAIL_LENGTH } from "./email.js";
import { MAX_PASSWORD_LENGTH } from "./password.js";
import type { SignIn } from "./session.service.js";

@InputType({ description: "E-mail address and password." })
export class SignInInput implements SignIn {
  @Field(() => String, { description: "The person's e-mail address." })
  @MaxLength(MAX_EMAIL_LENGTH)
  @Matches(EMAIL_FORM, { message: "email must be an e-mail address" })
  email!: string;

  @Field(() => String, { description: "The person's password." })
  @MaxLength(MAX_PASSWORD_LENGTH)
  password!: string;
}
