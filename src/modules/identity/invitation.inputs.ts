import { Matches, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { EMAIL_FORM, MAX_EMAIL_LENGTH } from "./email.js";
import type { NewMembership } from "./membership.service.js";
import { MembershipRole } from "./membership.types.js";
import type { Role } from "./viewer.js";

@InputType({ description: "Who is asked to become what in which company." })
export class InviteMemberInput implements NewMembership {
  @Field(() => ID, { description: "Which company." })
  companyId!: string;

  @Field(() => String, {
    description:
      "Whom: the e-mail address that they sign in with, or will sign in with once they have an account.",
  })
  @MaxLength(MAX_EMAIL_LENGTH)
  @Matches(EMAIL_FORM, { message: "email must be an e-mail address" })
  email!: string;

  @Field(() => MembershipRole, { description: "What the person would be there." })
  role!: Role;
}
