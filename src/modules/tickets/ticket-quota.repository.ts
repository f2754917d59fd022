import { and, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import { replies } from "./reply.tables.js";
import { tickets } from "./ticket.tables.js";

export interface TicketQuota {
  readonly files: number;
  readonly bytes: number;
}

export interface QuotaChange extends TicketQuota {
  /** Whether the files are attached to one of the ticket's replies, and not to the ticket itself. */
  readonly onReply: boolean;
}

/** The attachments of a ticket and its replies together. */
export interface TicketLoad {
  readonly files: number;
  readonly bytes: number;
}

const files = sql<number>`${tickets.attachmentCount} + ${tickets.replyAttachmentCount}`;
const bytes = sql<number>`(${tickets.attachmentBytes} + ${tickets.replyAttachmentBytes})::float8`;

/** Null for a ticket that has been deleted. */
export async function findTicketLoad(db: Database, ticketId: string): Promise<TicketLoad | null> {
  const [row] = await db
    .select({ files, bytes })
    .from(tickets)
    .where(and(eq(tickets.id, ticketId), isNull(tickets.deletedAt)));
  return row ?? null;
}

/**
 * Counts files in or out, if the quota allows it; one statement under the row's lock, so that it is exact when
 * uploads race. Counting out always succeeds; nothing is counted in on a deleted ticket.
 */
export async function changeTicketLoad(
  tx: Database,
  ticketId: string,
  change: QuotaChange,
  quota: TicketQuota,
): Promise<boolean> {
  const changed = change.onReply
    ? {
        replyAttachmentCount: sql`${tickets.replyAttachmentCount} + ${change.files}`,
        replyAttachmentBytes: sql`${tickets.replyAttachmentBytes} + ${change.bytes}`,
      }
    : {
        attachmentCount: sql`${tickets.attachmentCount} + ${change.files}`,
        attachmentBytes: sql`${tickets.attachmentBytes} + ${change.bytes}`,
        updatedAt: sql`now()`,
      };
  const fits =
    change.files < 0
      ? undefined
      : sql`${tickets.deletedAt} is null and ${files} + ${change.files} <= ${quota.files} and ${bytes} + ${change.bytes} <= ${quota.bytes}`;
  const rows = await tx
    .update(tickets)
    .set(changed)
    .where(and(eq(tickets.id, ticketId), fits))
    .returning({ id: tickets.id });
  return rows.length > 0;
}

/**
 * Makes other changes of the ticket and its files wait until the transaction ends. Take it before any lock on what
 * belongs to the ticket, so that transactions do not deadlock.
 */
export async function lockTicket(tx: Database, ticketId: string): Promise<void> {
  await tx.select({ id: tickets.id }).from(tickets).where(eq(tickets.id, ticketId)).for("no key update");
}

export async function findReplyState(db: Database, replyId: string) {
  const [row] = await db
    .select({
      ticketId: replies.ticketId,
      isInternal: replies.isInternal,
      deletedAt: replies.deletedAt,
    })
    .from(replies)
    .where(eq(replies.id, replyId));
  return row ?? null;
}
