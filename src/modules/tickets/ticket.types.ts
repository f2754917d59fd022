import { Extensions, Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { LONG_TEXT } from "../../platform/graphql/prices.js";
import { ByteCount, DateTime, ID } from "../../platform/graphql/scalars.js";

export const TicketStatus = {
  OPEN: "OPEN",
  PENDING: "PENDING",
  RESOLVED: "RESOLVED",
  CLOSED: "CLOSED",
} as const;

registerEnumType(TicketStatus, {
  name: "TicketStatus",
  description: "Where a ticket stands.",
  valuesConfig: {
    OPEN: { description: "Somebody of the staff has to act." },
    PENDING: { description: "The staff waits for the requester." },
    RESOLVED: { description: "The staff considers it done." },
    CLOSED: { description: "It is done." },
  },
});

export const TicketPriority = { LOW: "LOW", NORMAL: "NORMAL", HIGH: "HIGH", URGENT: "URGENT" } as const;

registerEnumType(TicketPriority, {
  name: "TicketPriority",
  description: "How soon a ticket should be looked at.",
});

@ObjectType({ description: "Something that a person asks of a company.", simpleResolvers: true })
export class Ticket {
  @Field(() => ID, { description: "The ticket's id." })
  id!: string;

  @Field(() => Int, { description: "Counted per company from 1, without gaps." })
  number!: number;

  @Field(() => String, { description: "What it is about, in a line." })
  subject!: string;

  @Field(() => String, { description: "What is asked, as plain text." })
  @Extensions(LONG_TEXT)
  description!: string;

  @Field(() => TicketStatus, { description: "Where it stands." })
  status!: keyof typeof TicketStatus;

  @Field(() => TicketPriority, { description: "How soon it should be looked at." })
  priority!: keyof typeof TicketPriority;

  @Field(() => Int, { description: "Files on the ticket itself: the length of `attachments`." })
  attachmentCount!: number;

  @Field(() => ByteCount, { description: "Bytes of the files on the ticket itself." })
  attachmentBytes!: number;

  @Field(() => DateTime, { description: "When it was opened." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it, its replies or its files last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null while it lives." })
  deletedAt!: Date | null;
}

@ObjectType({ description: "A page of tickets.", simpleResolvers: true })
export class TicketConnection extends connectionType("Ticket", () => Ticket) {}
