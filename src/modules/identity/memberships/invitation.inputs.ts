import { Field, InputType } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { EmailAddress } from "../users/email.inputs.js";
import type { Role } from "../viewer.js";
import type { NewMembership } from "./membership.service.js";
import { MembershipRole } from "./membership.types.js";

@InputType({ description: "A new invitation to become a member of a company." })
export class InviteMemberInput implements NewMembership {
  @Field(() => ID, { description: "The company's id." })
  companyId!: string;

  @Field(() => String, {
    description:
      "The e-mail address that the person signs in with, or will sign in with once they have an account.",
  })
  @EmailAddress()
  email!: string;

  @Field(() => MembershipRole, { description: "Role that the person will have in the company." })
  role!: Role;
}
