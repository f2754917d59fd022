import { ArrayMaxSize, IsOptional, IsUUID, Length, Matches, MaxLength } from "class-validator";
import { Field, InputType } from "type-graphql";
import { DateTime, ID } from "../../platform/graphql/scalars.js";
import { LABEL_FORM, NAME_FORM, NAME_RULE } from "../identity/name.js";

@InputType({ description: "A new conversation. Who starts it takes part in it." })
export class StartConversationInput {
  @Field(() => ID, { description: "The company that it belongs to." })
  @IsUUID()
  companyId!: string;

  @Field(() => String, {
    nullable: true,
    description: "What it is about, in a line of up to 200 characters.",
  })
  @IsOptional()
  @MaxLength(200)
  @Matches(LABEL_FORM, NAME_RULE)
  subject?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A free label of up to 100 characters, such as a hotel's room.",
  })
  @IsOptional()
  @MaxLength(100)
  @Matches(LABEL_FORM, NAME_RULE)
  room?: string | null;

  @Field(() => ID, { nullable: true, description: "A ticket of the company that it is about." })
  @IsOptional()
  @IsUUID()
  ticketId?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: "People of the company who take part as well, up to 49.",
  })
  @IsOptional()
  @ArrayMaxSize(100)
  participantIds?: string[] | null;
}

@InputType({ description: "Who takes part in which conversation." })
export class ConversationParticipantInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => ID, { description: "A person of the conversation's company." })
  userId!: string;
}

@InputType("ConversationFilter", {
  description: "Which conversations to list; what is left out does not narrow.",
})
export class ConversationFilterInput {
  @Field(() => ID, { nullable: true, description: "Those of this company." })
  @IsOptional()
  @IsUUID()
  companyId?: string | null;

  @Field(() => ID, { nullable: true, description: "Those about this ticket." })
  @IsOptional()
  @IsUUID()
  ticketId?: string | null;

  @Field(() => Boolean, { nullable: true, description: "True: the closed ones; false: the open ones." })
  isClosed?: boolean | null;

  @Field(() => String, { nullable: true, description: "Those of this very room." })
  @IsOptional()
  @MaxLength(100)
  room?: string | null;

  @Field(() => Boolean, { nullable: true, description: "True: those alone in which you take part." })
  mine?: boolean | null;
}

@InputType({ description: "Up to where a conversation has been read." })
export class MarkReadInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => ID, { description: "The newest message that has been read." })
  messageId!: string;
}

@InputType({ description: "Whom to let into a conversation without an account." })
export class InviteGuestInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => String, { description: "What the guest is called here: 1 to 100 characters." })
  @Length(1, 100)
  @Matches(NAME_FORM, NAME_RULE)
  displayName!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the invitation ends; by default as late as it may, in 30 days.",
  })
  expiresAt?: Date | null;
}
