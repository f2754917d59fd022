import { Field, InputType } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { EmailAddress } from "../users/email.inputs.js";
import type { Role } from "../viewer.js";
import type { EndedMembership, NewMembership } from "./membership.service.js";
import { MembershipRole } from "./membership.types.js";

@InputType({ description: "The role of a person in a company." })
export class SetMembershipInput implements NewMembership {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => String, {
    description: "E-mail address of a member; administrators may use that of any account.",
  })
  @EmailAddress()
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
