import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../platform/graphql/scalars.js";
import { Actor } from "./actor.types.js";

@ObjectType({
  implements: Actor,
  simpleResolvers: true,
  description: "Somebody without an account, let into one conversation by an invitation.",
})
export class Guest extends Actor {
  @Field(() => String, { description: "What the invitation calls the guest." })
  displayName!: string;

  @Field(() => DateTime, { description: "When the invitation ends." })
  expiresAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When the guest first came; null before." })
  joinedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the guest was sent away; null while it may come.",
  })
  revokedAt!: Date | null;
}
