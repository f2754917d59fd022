import { IsOptional, Length, Matches, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { EMAIL_FORM, MAX_EMAIL_LENGTH } from "./email.js";
import { NAME_FORM, NAME_RULE } from "./name.js";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./password.js";
import type { NewAccount } from "./user.service.js";

@InputType({ description: "An account to create." })
export class CreateUserInput implements NewAccount {
  @Field(() => String, { description: "The address to sign in with; nobody else may have it." })
  @MaxLength(MAX_EMAIL_LENGTH)
  @Matches(EMAIL_FORM, { message: "email must be an e-mail address" })
  email!: string;

  @Field(() => String, { description: "What the person is called: 1 to 200 characters." })
  @Length(1, 200)
  @Matches(NAME_FORM, NAME_RULE)
  name!: string;

  @Field(() => String, { description: `The password: at least ${MIN_PASSWORD_LENGTH} characters.` })
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  password!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the person administers the whole installation.",
  })
  @IsOptional()
  isAdmin?: boolean | null;
}
