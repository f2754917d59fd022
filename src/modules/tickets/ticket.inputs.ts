import { ArrayMaxSize, IsOptional, IsUUID, Length, MaxLength } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType, registerEnumType } from "type-graphql";
import { DateTime, ID, Upload } from "../../platform/graphql/scalars.js";
import { TicketPriority, TicketStatus } from "./ticket.types.js";

const FILES = "Files of the multipart request, up to 10.";

@InputType({ description: "A new ticket." })
export class CreateTicketInput {
  @Field(() => ID, { description: "The company that is asked." })
  @IsUUID()
  companyId!: string;

  @Field(() => String, { description: "What it is about, in a line of up to 200 characters." })
  @Length(1, 200)
  subject!: string;

  @Field(() => String, {
    defaultValue: "",
    description: "What is asked, as plain text of up to 50,000 characters.",
  })
  @MaxLength(50_000)
  description!: string;

  @Field(() => TicketPriority, { defaultValue: "NORMAL", description: "How soon it should be looked at." })
  priority!: keyof typeof TicketPriority;

  @Field(() => [Upload], { nullable: true, description: FILES })
  files?: Promise<FileUpload>[] | null;
}

@InputType({ description: "What to change of a ticket; what is left out stays." })
export class UpdateTicketInput {
  @Field(() => ID, { description: "The ticket's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "What it is about. For its requester and staff." })
  @IsOptional()
  @Length(1, 200)
  subject?: string | null;

  @Field(() => String, { nullable: true, description: "What is asked. For its requester and staff." })
  @IsOptional()
  @MaxLength(50_000)
  description?: string | null;

  @Field(() => TicketStatus, {
    nullable: true,
    description: "For staff; its requester may close it and open it again.",
  })
  status?: keyof typeof TicketStatus | null;

  @Field(() => TicketPriority, { nullable: true, description: "For staff." })
  priority?: keyof typeof TicketPriority | null;

  @Field(() => ID, {
    nullable: true,
    description: "One of the company's staff; null takes the ticket from its assignee. For staff.",
  })
  @IsOptional()
  @IsUUID()
  assigneeId?: string | null;
}

@InputType({ description: "Who reads along on which ticket." })
export class ParticipantInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => ID, { description: "A person of the ticket's company." })
  userId!: string;
}

@InputType({ description: "Files for a ticket." })
export class UploadTicketAttachmentsInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => [Upload], { description: FILES })
  files!: Promise<FileUpload>[];

  @Field(() => String, { nullable: true, description: "What they show, up to 1,000 characters." })
  @IsOptional()
  @MaxLength(1_000)
  description?: string | null;
}

@InputType("TicketFilter", { description: "Which tickets to list; what is left out does not narrow." })
export class TicketFilterInput {
  @Field(() => ID, { nullable: true, description: "Those of this company." })
  @IsOptional()
  @IsUUID()
  companyId?: string | null;

  @Field(() => [TicketStatus], { nullable: true, description: "Those of any of these statuses." })
  @IsOptional()
  @ArrayMaxSize(4)
  status?: (keyof typeof TicketStatus)[] | null;

  @Field(() => [TicketPriority], { nullable: true, description: "Those of any of these priorities." })
  @IsOptional()
  @ArrayMaxSize(4)
  priority?: (keyof typeof TicketPriority)[] | null;

  @Field(() => ID, { nullable: true, description: "Those of this assignee." })
  @IsOptional()
  @IsUUID()
  assigneeId?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Those with an assignee, or those without." })
  isAssigned?: boolean | null;

  @Field(() => ID, { nullable: true, description: "Those of this requester." })
  @IsOptional()
  @IsUUID()
  requesterId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Those with this text in their subject or description, whatever its case.",
  })
  @IsOptional()
  @MaxLength(200)
  search?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Those opened at this moment or later." })
  createdFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Those opened before this moment." })
  createdBefore?: Date | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: the deleted ones that can be restored, for managers.",
  })
  isDeleted?: boolean | null;
}

export const TicketOrderField = {
  CREATED_AT: "CREATED_AT",
  UPDATED_AT: "UPDATED_AT",
  PRIORITY: "PRIORITY",
  NUMBER: "NUMBER",
} as const;
registerEnumType(TicketOrderField, {
  name: "TicketOrderField",
  description: "What tickets can be ordered by.",
});

export const OrderDirection = { ASC: "ASC", DESC: "DESC" } as const;
registerEnumType(OrderDirection, { name: "OrderDirection", description: "Ascending or descending." });

@InputType("TicketOrder", { description: "The order of a list of tickets." })
export class TicketOrderInput {
  @Field(() => TicketOrderField, { defaultValue: "CREATED_AT", description: "What to order by." })
  field!: keyof typeof TicketOrderField;

  @Field(() => OrderDirection, { defaultValue: "DESC", description: "In which direction." })
  direction!: keyof typeof OrderDirection;
}
