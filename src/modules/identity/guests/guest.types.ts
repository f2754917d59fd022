import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../../platform/graphql/scalars.js";
import { Actor } from "../actor.types.js";

@ObjectType({
  implements: Actor,
  simpleResolvers: true,
  description: "A person without an account who was invited to one conversation.",
})
export class Guest extends Actor {
  @Field(() => String, { description: "Name of the guest in the invitation." })
  displayName!: string;

  @Field(() => DateTime, { description: "When the invitation expires." })
  expiresAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the guest joined for the first time; null before.",
  })
  joinedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the access of the guest was revoked; null if it was not.",
  })
  revokedAt!: Date | null;
}
