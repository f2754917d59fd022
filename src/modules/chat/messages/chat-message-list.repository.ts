import { and, desc, eq, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import { conversations } from "../conversations/conversation.tables.js";
import type { ListedMessage, WithBodies } from "./chat-message.repository.js";
import { messageColumns } from "./chat-message.repository.js";
import { chatMessages } from "./chat-message.tables.js";

/** By number, which is in the order of the commits. */
const order = { keys: [chatMessages.number], descending: false };
export const messagePosition = (row: ListedMessage) => [row.number];
export const MESSAGE_CURSOR_SIZE = 1;

export interface MessagePage extends WithBodies {
  readonly page: PageRequest;
}

/** One page of each conversation's messages, in one statement whatever the number of conversations. */
export async function listPagesOfConversations(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
  { page, ...texts }: MessagePage,
): Promise<Map<string, Page<ListedMessage>>> {
  const { where, orderBy, limit } = keyset(order, page);
  const ofConversation = db
    .select(messageColumns(texts))
    .from(chatMessages)
    .where(and(eq(chatMessages.conversationId, conversations.id), where))
    .orderBy(...orderBy)
    .limit(limit)
    .as("of_conversation");
  const rows = await db
    .select({ ...ofConversation._.selectedFields })
    .from(conversations)
    .innerJoinLateral(ofConversation, sql`true`)
    .where(and(isAnyOf(conversations.id, conversationIds), inTenants(conversations.companyId, tenants)))
    .orderBy(page.direction === "forward" ? ofConversation.number : desc(ofConversation.number));
  const byConversation = new Map<string, ListedMessage[]>(conversationIds.map((id) => [id, []]));
  for (const row of rows) byConversation.get(row.conversationId)?.push(row);
  return new Map([...byConversation].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countOfConversations(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .select({ conversationId: chatMessages.conversationId, count: sql<number>`count(*)::int` })
    .from(chatMessages)
    .where(
      and(isAnyOf(chatMessages.conversationId, conversationIds), inTenants(chatMessages.companyId, tenants)),
    )
    .groupBy(chatMessages.conversationId);
  return new Map(rows.map((row) => [row.conversationId, row.count]));
}

/** The newest of each conversation, deleted or not; in one statement. */
export async function listLastMessages(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
  texts: WithBodies,
): Promise<ListedMessage[]> {
  const last = db
    .select(messageColumns(texts))
    .from(chatMessages)
    .where(eq(chatMessages.conversationId, conversations.id))
    .orderBy(desc(chatMessages.number))
    .limit(1)
    .as("last");
  return db
    .select({ ...last._.selectedFields })
    .from(conversations)
    .innerJoinLateral(last, sql`true`)
    .where(and(isAnyOf(conversations.id, conversationIds), inTenants(conversations.companyId, tenants)));
}
