import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgEnum, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { users } from "../identity/user.tables.js";

export const ticketStatus = pgEnum("ticket_status", ["OPEN", "PENDING", "RESOLVED", "CLOSED"]);
/** Declared in ascending order: Postgres compares enum values by it. */
export const ticketPriority = pgEnum("ticket_priority", ["LOW", "NORMAL", "HIGH", "URGENT"]);

const bytes = (name: string) => bigint(name, { mode: "number" }).notNull().default(0);

/**
 * `attachment_*` count the attachments of the ticket itself, `reply_attachment_*` those of its replies; the quota
 * covers both. They change in the transaction that changes the attachments, under this row's lock.
 */
export const tickets = pgTable(
  "tickets",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    number: integer("number").notNull(),
    subject: text("subject").notNull(),
    description: text("description").notNull(),
    status: ticketStatus("status").notNull().default("OPEN"),
    priority: ticketPriority("priority").notNull().default("NORMAL"),
    requesterId: uuid("requester_id")
      .notNull()
      .references(() => users.id),
    assigneeId: uuid("assignee_id").references(() => users.id),
    attachmentCount: integer("attachment_count").notNull().default(0),
    attachmentBytes: bytes("attachment_bytes"),
    replyAttachmentCount: integer("reply_attachment_count").notNull().default(0),
    replyAttachmentBytes: bytes("reply_attachment_bytes"),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => {
    const live = sql`${table.deletedAt} is null`;
    return [
      unique("tickets_number").on(table.companyId, table.number),
      check("tickets_counts", sql`${table.attachmentCount} >= 0 and ${table.replyAttachmentCount} >= 0`),
      check("tickets_bytes", sql`${table.attachmentBytes} >= 0 and ${table.replyAttachmentBytes} >= 0`),
      index("tickets_by_created").on(table.companyId, table.createdAt, table.id).where(live),
      index("tickets_by_updated").on(table.companyId, table.updatedAt, table.id).where(live),
      index("tickets_by_priority").on(table.companyId, table.priority, table.id).where(live),
      index("tickets_by_requester").on(table.requesterId, table.createdAt, table.id).where(live),
      index("tickets_by_assignee").on(table.assigneeId, table.createdAt, table.id).where(live),
      index("tickets_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
    ];
  },
);

export type TicketRow = typeof tickets.$inferSelect;
