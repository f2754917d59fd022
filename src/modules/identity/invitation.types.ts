import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";
import { MembershipRole } from "./membership.types.js";
import type { Role } from "./viewer.js";

@ObjectType({
  simpleResolvers: true,
  description:
    "Asks whoever has an e-mail address to become a member of a company. It says nothing of whether anybody has it.",
})
export class Invitation {
  @Field(() => ID, { description: "The invitation's id. Who is invited anew gets another one." })
  id!: string;

  @Field(() => String, { description: "Whom it asks: the e-mail address, in small letters." })
  email!: string;

  @Field(() => MembershipRole, { description: "What the person would be there." })
  role!: Role;

  @Field(() => DateTime, { description: "When it was made." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "Until when it can be accepted." })
  expiresAt!: Date;
}

export const InvitationConnection = connectionType("Invitation", () => Invitation);
