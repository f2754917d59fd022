import { IsOptional, Length } from "class-validator";
import { ArgsType, Field, InputType } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { ID } from "../../../platform/graphql/scalars.js";
import { Line, SearchText } from "../../../platform/graphql/text-rules.js";
import { MAX_NAME_LENGTH } from "../name.js";
import { EmailAddress } from "./email.inputs.js";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./password.js";
import type { NewAccount, UserEdit, UserSearch } from "./user.service.js";

@InputType({ description: "A new account." })
export class CreateUserInput implements NewAccount {
  @Field(() => String, { description: "E-mail address for signing in; it must be unique." })
  @EmailAddress()
  email!: string;

  @Field(() => String, { description: "Name of the person: 1 to 200 characters." })
  @Line(MAX_NAME_LENGTH)
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: `The password: at least ${MIN_PASSWORD_LENGTH} characters. Without one, the person sets it with a link (\`createPasswordReset\`).`,
  })
  @IsOptional()
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  password?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the person is an administrator of the whole installation.",
  })
  @IsOptional()
  isAdmin?: boolean | null;
}

@ArgsType()
export class UsersArgs extends PageArgs implements UserSearch {
  @Field(() => String, { nullable: true, description: "A part of the name or the e-mail address." })
  @IsOptional()
  @SearchText()
  search?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: only locked accounts; false: only accounts that are not locked; by default both.",
  })
  isDeactivated?: boolean | null;
}

@InputType({ description: "Changes of an account; omitted fields stay as they are." })
export class UpdateUserInput implements UserEdit {
  @Field(() => ID, { description: "The person's id." })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: "New name: 1 to 200 characters.",
  })
  @IsOptional()
  @Line(MAX_NAME_LENGTH)
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "New e-mail address for signing in. For administrators.",
  })
  @IsOptional()
  @EmailAddress()
  email?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the person is an administrator of the whole installation. For administrators.",
  })
  @IsOptional()
  isAdmin?: boolean | null;
}
