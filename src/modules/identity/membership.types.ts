import { Field, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";
import type { Role } from "./viewer.js";

export const MembershipRole = {
  CUSTOMER: "CUSTOMER",
  AGENT: "AGENT",
  MANAGER: "MANAGER",
} as const satisfies {
  [Name in Role]: Name;
};

registerEnumType(MembershipRole, {
  name: "MembershipRole",
  description: "What a person is in a company.",
  valuesConfig: {
    CUSTOMER: { description: "Opens tickets, and sees those that they take part in." },
    AGENT: { description: "Works on all the company's tickets." },
    MANAGER: { description: "An agent who also manages the company and its members." },
  },
});

@ObjectType({ simpleResolvers: true, description: "What a person is in a company." })
export class Membership {
  @Field(() => ID, { description: "The membership's id." })
  id!: string;

  @Field(() => MembershipRole, { description: "What the person is there." })
  role!: Role;

  @Field(() => DateTime, { description: "When the person became a member." })
  createdAt!: Date;
}

export const MembershipConnection = connectionType("Membership", () => Membership);
