import { and, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { Actor, TenantScope } from "../../identity/viewer.js";
import { authorshipOf } from "../../identity/viewer.js";
import { conversations } from "../conversations/conversation.tables.js";
import { chatMessages } from "./chat-message.tables.js";
import { readMarks } from "./read-mark.tables.js";

/** Unread messages are counted up to this number. */
export const MOST_UNREAD = 1_000;

interface ReadMark {
  readonly companyId: string;
  readonly conversationId: string;
  readonly messageNumber: number;
}

/** Moves a reader's mark forward, never back. */
export async function upsertReadMark(db: Database, reader: Actor, mark: ReadMark): Promise<void> {
  const whose = authorshipOf(reader);
  const column = reader.kind === "user" ? readMarks.userId : readMarks.guestId;
  await db
    .insert(readMarks)
    .values({ ...mark, ...whose })
    .onConflictDoUpdate({
      target: [readMarks.conversationId, column],
      targetWhere: sql`${column} is not null`,
      set: {
        messageNumber: sql`greatest(${readMarks.messageNumber}, excluded.message_number)`,
        updatedAt: sql`now()`,
      },
    });
}

/**
 * The number of messages of others after the reader's mark, without deleted ones, up to `MOST_UNREAD` for each
 * conversation; in one statement.
 */
export async function countUnread(
  db: Database,
  tenants: TenantScope,
  reader: Actor,
  conversationIds: readonly string[],
): Promise<Map<string, number>> {
  const isUser = reader.kind === "user";
  const mine = eq(isUser ? readMarks.userId : readMarks.guestId, reader.id);
  const mark = db
    .select({ number: readMarks.messageNumber })
    .from(readMarks)
    .where(and(eq(readMarks.conversationId, conversations.id), mine));
  const sender = isUser ? chatMessages.senderId : chatMessages.senderGuestId;
  const unread = db
    .select({ id: chatMessages.id })
    .from(chatMessages)
    .where(
      and(
        eq(chatMessages.conversationId, conversations.id),
        sql`${chatMessages.number} > coalesce((${mark}), 0)`,
        isNull(chatMessages.deletedAt),
        sql`${sender} is distinct from ${reader.id}`,
      ),
    )
    .limit(MOST_UNREAD);
  const rows = await db
    .select({
      id: conversations.id,
      count: sql<number>`${sql`(select count(*)::int from (${unread}) as unread)`}`,
    })
    .from(conversations)
    .where(
      and(
        sql`${conversations.id} = any(${sql.param([...conversationIds])})`,
        inTenants(conversations.companyId, tenants),
      ),
    );
  return new Map(rows.map((row) => [row.id, row.count]));
}
