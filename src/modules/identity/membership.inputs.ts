import { Matches, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { EMAIL_FORM, MAX_EMAIL_LENGTH } from "./email.js";
import type { EndedMembership, NewMembership } from "./membership.service.js";
import { MembershipRole } from "./membership.types.js";
import type { Role } from "./viewer.js";

@InputType({ description: "The role of a person in a company." })
export class SetMembershipInput implements NewMembership {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => String, {
    description: "E-mail address of a member; administrators may use that of any account.",
  })
  @MaxLength(MAX_EMAIL_LENGTH)
  @Matches(EMAIL_FORM, { message: "email must be an e-mail address" })
  email!: string;

  @Field(() => MembershipRole, { description: "New role of the person in the company." })
  role!: Role;
}

@InputType({ description: "The membership to end." })
export class RemoveMembershipInput implements EndedMembership {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => ID, { description: "The person's id." })
  userId!: string;
}
