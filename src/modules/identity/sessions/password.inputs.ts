import { Length, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../users/password.js";
import type { PasswordChange, PasswordResetUse } from "./password.service.js";

const NEW_PASSWORD = {
  description: `The new password: at least ${MIN_PASSWORD_LENGTH} characters; not the current one, and not the person's name or e-mail address.`,
};

@InputType({ description: "The current password and the new one." })
export class ChangePasswordInput implements PasswordChange {
  @Field(() => String, { description: "The current password." })
  @MaxLength(MAX_PASSWORD_LENGTH)
  currentPassword!: string;

  @Field(() => String, NEW_PASSWORD)
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  newPassword!: string;
}

@InputType({ description: "The token of a link for setting a password, and the new password." })
export class ResetPasswordInput implements PasswordResetUse {
  @Field(() => String, { description: "Token of the link." })
  @MaxLength(200)
  token!: string;

  @Field(() => String, NEW_PASSWORD)
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  newPassword!: string;
}
