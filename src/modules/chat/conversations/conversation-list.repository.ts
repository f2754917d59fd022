import type { SQL } from "drizzle-orm";
import { and, eq, isNotNull, isNull, or, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import type { ConversationView } from "./conversation.repository.js";
import { conversationColumns, isParticipant } from "./conversation.repository.js";
import { conversations } from "./conversation.tables.js";

/** The conversations that are listed: all of some companies, in others those in which the person participates; or the one of a guest. */
export type ConversationScope =
  | { readonly userId: string; readonly staffOf: TenantScope; readonly memberOf: TenantScope }
  | { readonly userId: null; readonly companyId: string; readonly conversationId: string };

export interface ConversationFilter {
  readonly companyId?: string | null | undefined;
  readonly ticketId?: string | null | undefined;
  readonly isClosed?: boolean | null | undefined;
  readonly room?: string | null | undefined;
  readonly mine?: boolean | null | undefined;
}

/** By latest activity. */
const order = { keys: [conversations.lastActivityAt, conversations.id], descending: true };
export const conversationPosition = (row: ConversationView) => [row.lastActivityAt.toISOString(), row.id];

function visibleTo(scope: ConversationScope, mine: boolean): SQL | undefined {
  if (scope.userId === null) {
    const { companyId, conversationId } = scope;
    return and(
      eq(conversations.id, conversationId),
      inTenants(conversations.companyId, { companyIds: [companyId] }),
    );
  }
  const takesPart = and(inTenants(conversations.companyId, scope.memberOf), isParticipant(scope.userId));
  return mine ? takesPart : or(inTenants(conversations.companyId, scope.staffOf), takesPart);
}

const conditions = (scope: ConversationScope, filter: ConversationFilter): SQL | undefined =>
  and(
    visibleTo(scope, filter.mine ?? false),
    filter.companyId == null ? undefined : eq(conversations.companyId, filter.companyId),
    filter.ticketId == null ? undefined : eq(conversations.ticketId, filter.ticketId),
    filter.room == null ? undefined : eq(conversations.room, filter.room),
    filter.isClosed == null ? undefined : closed(filter.isClosed),
  );

const closed = (isClosed: boolean) => (isClosed ? isNotNull : isNull)(conversations.closedAt);

export async function listConversations(
  db: Database,
  scope: ConversationScope,
  filter: ConversationFilter,
  page: PageRequest,
): Promise<Page<ConversationView>> {
  const { where, orderBy, limit } = keyset(order, page);
  const rows = await db
    .select(conversationColumns(scope.userId))
    .from(conversations)
    .where(and(conditions(scope, filter), where))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(page, rows);
}

export const countConversations = (
  db: Database,
  scope: ConversationScope,
  filter: ConversationFilter,
): Promise<number> => db.$count(conversations, conditions(scope, filter));

/** A conversation, and the ticket whose conversations were asked for. */
type AskedConversation = ConversationView & { readonly askedTicketId: string };

/** One page of each ticket's conversations, in one statement whatever the number of tickets. */
export async function listPagesOfTickets(
  db: Database,
  scope: ConversationScope,
  ticketIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<ConversationView>>> {
  const { where, orderBy, limit } = keyset(order, page);
  const ofTicket = db
    .select(conversationColumns(scope.userId))
    .from(conversations)
    .where(and(sql`${conversations.ticketId} = asked.ticket_id`, visibleTo(scope, false), where))
    .orderBy(...orderBy)
    .limit(limit)
    .as("of_ticket");
  const asked = sql`unnest(${sql.param([...ticketIds])}::uuid[]) as asked(ticket_id)`;
  const rows = await db
    .select({ askedTicketId: sql<string>`asked.ticket_id`, ...ofTicket._.selectedFields })
    .from(asked)
    .innerJoinLateral(ofTicket, sql`true`);
  const byTicket = new Map<string, ConversationView[]>(ticketIds.map((id) => [id, []]));
  for (const { askedTicketId, ...row } of rows as AskedConversation[]) byTicket.get(askedTicketId)?.push(row);
  return new Map([...byTicket].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countOfTickets(db: Database, scope: ConversationScope, ticketIds: readonly string[]) {
  const rows = await db
    .select({ ticketId: conversations.ticketId, count: sql<number>`count(*)::int` })
    .from(conversations)
    .where(and(sql`${conversations.ticketId} = any(${sql.param([...ticketIds])})`, visibleTo(scope, false)))
    .groupBy(conversations.ticketId);
  return new Map(rows.map((row) => [row.ticketId, row.count]));
}
