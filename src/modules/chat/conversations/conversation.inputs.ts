import { ArrayMaxSize, IsOptional, IsUUID } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { OptionalLine } from "../../../platform/graphql/text-rules.js";

@InputType({ description: "A new conversation. Its creator becomes a participant." })
export class StartConversationInput {
  @Field(() => ID, { description: "The company that it belongs to." })
  @IsUUID()
  companyId!: string;

  @Field(() => String, {
    nullable: true,
    description: "Subject, one line of up to 200 characters.",
  })
  @IsOptional()
  @OptionalLine(200)
  subject?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A free label of up to 100 characters, such as the room of a hotel.",
  })
  @IsOptional()
  @OptionalLine(100)
  room?: string | null;

  @Field(() => ID, { nullable: true, description: "Id of a ticket of the company that it is about." })
  @IsOptional()
  @IsUUID()
  ticketId?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: "Other participants: people of the company, up to 49.",
  })
  @IsOptional()
  @ArrayMaxSize(100)
  participantIds?: string[] | null;
}

@InputType({ description: "A participant of a conversation." })
export class ConversationParticipantInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => ID, { description: "A person of the conversation's company." })
  userId!: string;
}

@InputType("ConversationFilter", {
  description: "Restricts a list of conversations; omitted fields do not restrict it.",
})
export class ConversationFilterInput {
  @Field(() => ID, { nullable: true, description: "Only those of this company." })
  @IsOptional()
  @IsUUID()
  companyId?: string | null;

  @Field(() => ID, { nullable: true, description: "Conversations about this ticket." })
  @IsOptional()
  @IsUUID()
  ticketId?: string | null;

  @Field(() => Boolean, { nullable: true, description: "True: closed conversations; false: open ones." })
  isClosed?: boolean | null;

  @Field(() => String, { nullable: true, description: "Conversations with exactly this room." })
  @IsOptional()
  @OptionalLine(100)
  room?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: only conversations in which you are a participant.",
  })
  mine?: boolean | null;
}
