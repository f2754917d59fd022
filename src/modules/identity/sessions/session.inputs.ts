import { MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { EmailAddress } from "../users/email.inputs.js";
import { MAX_PASSWORD_LENGTH } from "../users/password.js";
import type { SignIn } from "./session.service.js";

@InputType({ description: "E-mail address and password." })
export class SignInInput implements SignIn {
  @Field(() => String, { description: "The person's e-mail address." })
  @EmailAddress()
  email!: string;

  @Field(() => String, { description: "The person's password." })
  @MaxLength(MAX_PASSWORD_LENGTH)
  password!: string;
}
