import { Field, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import type { Role } from "../viewer.js";

export const MembershipRole = {
  CUSTOMER: "CUSTOMER",
  AGENT: "AGENT",
  MANAGER: "MANAGER",
} as const satisfies {
  [Name in Role]: Name;
};

registerEnumType(MembershipRole, {
  name: "MembershipRole",
  description: "The membership of a person in a company.",
  valuesConfig: {
    CUSTOMER: { description: "Opens tickets, and sees tickets in which they participate." },
    AGENT: { description: "Works on all tickets of the company." },
    MANAGER: { description: "An agent who also manages the company and its members." },
  },
});

@ObjectType({ simpleResolvers: true, description: "The membership of a person in a company." })
export class Membership {
  @Field(() => ID, { description: "The membership's id." })
  id!: string;

  @Field(() => MembershipRole, { description: "Role of the person in the company." })
  role!: Role;

  @Field(() => DateTime, { description: "When the person became a member." })
  createdAt!: Date;
}

export const MembershipConnection = connectionType("Membership", () => Membership);
