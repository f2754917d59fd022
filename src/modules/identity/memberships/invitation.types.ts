import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import type { Role } from "../viewer.js";
import { MembershipRole } from "./membership.types.js";

@ObjectType({
  simpleResolvers: true,
  description:
    "An invitation of an e-mail address to become a member of a company. It does not reveal whether an account has this address.",
})
export class Invitation {
  @Field(() => ID, { description: "The invitation's id. Repeating an invitation creates a new id." })
  id!: string;

  @Field(() => String, { description: "The invited e-mail address, in lowercase." })
  email!: string;

  @Field(() => MembershipRole, { description: "Role that the person will have in the company." })
  role!: Role;

  @Field(() => DateTime, { description: "When it was created." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it expires." })
  expiresAt!: Date;
}

export const InvitationConnection = connectionType("Invitation", () => Invitation);
