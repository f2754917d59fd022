import { Matches, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { EMAIL_FORM, MAX_EMAIL_LENGTH } from "./email.js";
import type { EndedMembership, NewMembership } from "./membership.service.js";
import { MembershipRole } from "./membership.types.js";
import type { Role } from "./viewer.js";

@InputType({ description: "Who becomes what in which company." })
export class SetMembershipInput implements NewMembership {
  @Field(() => ID, { description: "Which company." })
  companyId!: string;

  @Field(() => String, {
    description: "The e-mail address of a member; for administrators, of anybody who has an account.",
  })
  @MaxLength(MAX_EMAIL_LENGTH)
  @Matches(EMAIL_FORM, { message: "email must be an e-mail address" })
  email!: string;

  @Field(() => MembershipRole, { description: "What the person is there from now on." })
  role!: Role;
}

@InputType({ description: "Whose membership of which company ends." })
export class RemoveMembershipInput implements EndedMembership {
  @Field(() => ID, { description: "Which company." })
  companyId!: string;

  @Field(() => ID, { description: "Which person." })
  userId!: string;
}
