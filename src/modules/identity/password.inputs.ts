import { Length, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./password.js";
import type { PasswordChange, PasswordResetUse } from "./password.service.js";

const NEW_PASSWORD = {
  description: `The new password: at least ${MIN_PASSWORD_LENGTH} characters; not the old one, nor the person's name or address.`,
};

@InputType({ description: "The viewer's old password and the new one." })
export class ChangePasswordInput implements PasswordChange {
  @Field(() => String, { description: "The password that is good now." })
  @MaxLength(MAX_PASSWORD_LENGTH)
  currentPassword!: string;

  @Field(() => String, NEW_PASSWORD)
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  newPassword!: string;
}

@InputType({ description: "A link to a new password, and the password." })
export class ResetPasswordInput implements PasswordResetUse {
  @Field(() => String, { description: "The link's token." })
  @MaxLength(200)
  token!: string;

  @Field(() => String, NEW_PASSWORD)
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  newPassword!: string;
}
