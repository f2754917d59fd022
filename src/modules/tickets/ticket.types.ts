import { Extensions, Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { LONG_TEXT } from "../../platform/graphql/documents/prices.js";
import { ByteCount, DateTime, ID } from "../../platform/graphql/scalars.js";

export const TicketStatus = {
  OPEN: "OPEN",
  PENDING: "PENDING",
  RESOLVED: "RESOLVED",
  CLOSED: "CLOSED",
} as const;

registerEnumType(TicketStatus, {
  name: "TicketStatus",
  description: "The status of a ticket.",
  valuesConfig: {
    OPEN: { description: "The staff have to act." },
    PENDING: { description: "The staff wait for the requester." },
    RESOLVED: { description: "The staff consider the request done." },
    CLOSED: { description: "The request is done." },
  },
});

export const TicketPriority = { LOW: "LOW", NORMAL: "NORMAL", HIGH: "HIGH", URGENT: "URGENT" } as const;

registerEnumType(TicketPriority, {
  name: "TicketPriority",
  description: "How urgent a ticket is.",
});

@ObjectType({ description: "A request of a person to a company.", simpleResolvers: true })
export class Ticket {
  @Field(() => ID, { description: "The ticket's id." })
  id!: string;

  @Field(() => Int, { description: "Number within the company, counted from 1 without gaps." })
  number!: number;

  @Field(() => String, { description: "Subject, one line." })
  subject!: string;

  @Field(() => String, { description: "Description of the request, plain text." })
  @Extensions(LONG_TEXT)
  description!: string;

  @Field(() => TicketStatus, { description: "Its status." })
  status!: keyof typeof TicketStatus;

  @Field(() => TicketPriority, { description: "How urgent it is." })
  priority!: keyof typeof TicketPriority;

  @Field(() => Int, {
    description: "Number of files attached to the ticket itself: the length of `attachments`.",
  })
  attachmentCount!: number;

  @Field(() => ByteCount, { description: "Total size in bytes of the files attached to the ticket itself." })
  attachmentBytes!: number;

  @Field(() => DateTime, { description: "When it was opened." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When the ticket, its replies or its files were last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null if it is not deleted." })
  deletedAt!: Date | null;
}

@ObjectType({ description: "A page of tickets.", simpleResolvers: true })
export class TicketConnection extends connectionType("Ticket", () => Ticket) {}
