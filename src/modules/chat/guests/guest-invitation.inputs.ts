import { Field, InputType } from "type-graphql";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import { Line } from "../../../platform/graphql/text-rules.js";

@InputType({ description: "A guest to invite to a conversation." })
export class InviteGuestInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => String, { description: "Name of the guest: 1 to 100 characters." })
  @Line(100)
  displayName!: string;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When the invitation expires; by default as late as possible, after the setting GUEST_DAYS (30).",
  })
  expiresAt?: Date | null;
}
