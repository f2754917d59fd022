import { ArrayMaxSize, IsOptional, IsUUID } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType, registerEnumType } from "type-graphql";
import { DateTime, ID, Upload } from "../../platform/graphql/scalars.js";
import { MAX_STAGED_IDS, STAGED_FILES } from "../../platform/graphql/staged-arguments.js";
import { Line, Prose, SearchText } from "../../platform/graphql/text-rules.js";
import { TicketPriority, TicketStatus } from "./ticket.types.js";

const FILES = "Files of the multipart request, up to 10.";
const STAGED = STAGED_FILES("ATTACHMENTS");

@InputType({ description: "A new ticket." })
export class CreateTicketInput {
  @Field(() => ID, { description: "The company that the ticket is for." })
  @IsUUID()
  companyId!: string;

  @Field(() => String, { description: "Subject, one line of up to 200 characters." })
  @Line(200)
  subject!: string;

  @Field(() => String, {
    defaultValue: "",
    description: "Description of the request, plain text of up to 50,000 characters.",
  })
  @Prose(50_000)
  description!: string;

  @Field(() => TicketPriority, { defaultValue: "NORMAL", description: "How urgent it is." })
  priority!: keyof typeof TicketPriority;

  @Field(() => [Upload], { nullable: true, description: FILES })
  files?: Promise<FileUpload>[] | null;

  @Field(() => [ID], { nullable: true, description: STAGED })
  @IsOptional()
  @ArrayMaxSize(MAX_STAGED_IDS)
  stagedUploadIds?: string[] | null;
}

@InputType({ description: "Changes of a ticket; omitted fields stay as they are." })
export class UpdateTicketInput {
  @Field(() => ID, { description: "The ticket's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Subject. For its requester and staff." })
  @IsOptional()
  @Line(200)
  subject?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Description of the request. For its requester and staff.",
  })
  @IsOptional()
  @Prose(50_000)
  description?: string | null;

  @Field(() => TicketStatus, {
    nullable: true,
    description: "New status. For staff; the requester may close and reopen the ticket.",
  })
  status?: keyof typeof TicketStatus | null;

  @Field(() => TicketPriority, { nullable: true, description: "New priority. For staff." })
  priority?: keyof typeof TicketPriority | null;

  @Field(() => ID, {
    nullable: true,
    description: "A member of the staff of the company; null removes the assignee. For staff.",
  })
  @IsOptional()
  @IsUUID()
  assigneeId?: string | null;
}

@InputType({ description: "A participant of a ticket." })
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

  @Field(() => [Upload], { nullable: true, description: FILES })
  files?: Promise<FileUpload>[] | null;

  @Field(() => [ID], { nullable: true, description: STAGED })
  @IsOptional()
  @ArrayMaxSize(MAX_STAGED_IDS)
  stagedUploadIds?: string[] | null;

  @Field(() => String, { nullable: true, description: "Description of the files, up to 1,000 characters." })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;
}

@InputType("TicketFilter", { description: "Restricts a list of tickets; omitted fields do not restrict it." })
export class TicketFilterInput {
  @Field(() => ID, { nullable: true, description: "Only those of this company." })
  @IsOptional()
  @IsUUID()
  companyId?: string | null;

  @Field(() => [TicketStatus], { nullable: true, description: "Tickets with one of these statuses." })
  @IsOptional()
  @ArrayMaxSize(4)
  status?: (keyof typeof TicketStatus)[] | null;

  @Field(() => [TicketPriority], { nullable: true, description: "Tickets with one of these priorities." })
  @IsOptional()
  @ArrayMaxSize(4)
  priority?: (keyof typeof TicketPriority)[] | null;

  @Field(() => ID, { nullable: true, description: "Tickets with this assignee." })
  @IsOptional()
  @IsUUID()
  assigneeId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: tickets with an assignee; false: tickets without.",
  })
  isAssigned?: boolean | null;

  @Field(() => ID, { nullable: true, description: "Tickets of this requester." })
  @IsOptional()
  @IsUUID()
  requesterId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Tickets that contain this text in their subject or description, ignoring case.",
  })
  @IsOptional()
  @SearchText()
  search?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Tickets opened at this time or later." })
  createdFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Tickets opened before this time." })
  createdBefore?: Date | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: deleted tickets that can be restored. For managers.",
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
  description: "Fields by which tickets can be ordered.",
});

export const OrderDirection = { ASC: "ASC", DESC: "DESC" } as const;
registerEnumType(OrderDirection, { name: "OrderDirection", description: "Ascending or descending." });

@InputType("TicketOrder", { description: "The order of a list of tickets." })
export class TicketOrderInput {
  @Field(() => TicketOrderField, { defaultValue: "CREATED_AT", description: "Field to order by." })
  field!: keyof typeof TicketOrderField;

  @Field(() => OrderDirection, { defaultValue: "DESC", description: "Direction of the order." })
  direction!: keyof typeof OrderDirection;
}
