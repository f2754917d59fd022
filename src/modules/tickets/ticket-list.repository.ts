import type { SQL } from "drizzle-orm";
import { and, eq, gte, ilike, isNotNull, isNull, lt, or, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { SortOrder } from "../../platform/database/keyset.js";
import { keysetTemplate, keysetValues, pageShape } from "../../platform/database/keyset.js";
import { preparedByShape } from "../../platform/database/prepared-once.js";
import { withQuickRows } from "../../platform/database/quick-rows.js";
import type { TenantShape } from "../identity/tenant.repository.js";
import { inTenantsTemplate, tenantShape, tenantValue } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { ListedTicket } from "./ticket.repository.js";
import { isParticipant, listedTicketColumns } from "./ticket.repository.js";
import type { TicketRow } from "./ticket.tables.js";
import { tickets } from "./ticket.tables.js";

/** The tickets that a person may see: all of some companies, in others those in which they participate. */
export interface TicketScope {
  readonly userId: string;
  readonly staffOf: TenantScope;
  readonly memberOf: TenantScope;
}

export interface TicketFilter {
  readonly companyId?: string | null | undefined;
  readonly status?: readonly TicketRow["status"][] | null | undefined;
  readonly priority?: readonly TicketRow["priority"][] | null | undefined;
  readonly assigneeId?: string | null | undefined;
  readonly isAssigned?: boolean | null | undefined;
  readonly requesterId?: string | null | undefined;
  readonly search?: string | null | undefined;
  readonly createdFrom?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
  readonly isDeleted?: boolean | null | undefined;
}

const orders = {
  CREATED_AT: tickets.createdAt,
  UPDATED_AT: tickets.updatedAt,
  PRIORITY: tickets.priority,
  NUMBER: tickets.number,
};

export interface TicketOrder {
  readonly field: keyof typeof orders;
  readonly direction: "ASC" | "DESC";
}

const orderName = ({ field, direction }: TicketOrder) => `${field} ${direction}`;

/** How many values a cursor holds: the order's name, the sort key, the id. */
export const TICKET_CURSOR_SIZE = 3;

/** The contents of a cursor: the order and the values of its sort keys. */
export const ticketPosition = (order: TicketOrder) => (ticket: ListedTicket) => {
  const values = {
    CREATED_AT: ticket.createdAt.toISOString(),
    UPDATED_AT: ticket.updatedAt.toISOString(),
    PRIORITY: ticket.priority,
    NUMBER: ticket.number,
  };
  return [orderName(order), values[order.field], ticket.id];
};

const sortOrder = (order: TicketOrder): SortOrder => ({
  name: orderName(order),
  keys: [orders[order.field], tickets.id],
  descending: order.direction === "DESC",
});

/** Exactly the expression of the trigram index (drizzle/0001_search_and_parents.sql). */
const searchedText = sql`(${tickets.subject} || ' ' || ${tickets.description})`;

const escapeLike = (text: string) => text.replace(/[\\%_]/g, "\\$&");

interface FilterCondition {
  /** Its placeholder has the name of the filter. */
  readonly condition: SQL;
  /** The value of the placeholder; null or undefined when the filter is not set. */
  readonly value: (filter: TicketFilter) => unknown;
}

const several = <T>(values: readonly T[] | null | undefined) => (values && values.length > 1 ? values : null);
const single = <T>(values: readonly T[] | null | undefined) => (values?.length === 1 ? values[0] : null);

/** One value has a condition of its own, because the index then returns the rows in order as well. */
const filters = {
  live: { condition: isNull(tickets.deletedAt), value: ({ isDeleted }) => (isDeleted ? null : true) },
  deleted: { condition: isNotNull(tickets.deletedAt), value: ({ isDeleted }) => isDeleted || null },
  company: {
    condition: eq(tickets.companyId, sql.placeholder("company")),
    value: ({ companyId }) => companyId,
  },
  status: { condition: eq(tickets.status, sql.placeholder("status")), value: ({ status }) => single(status) },
  statuses: {
    condition: sql`${tickets.status} = any(${sql.placeholder("statuses")})`,
    value: ({ status }) => several(status),
  },
  priority: {
    condition: eq(tickets.priority, sql.placeholder("priority")),
    value: ({ priority }) => single(priority),
  },
  priorities: {
    condition: sql`${tickets.priority} = any(${sql.placeholder("priorities")})`,
    value: ({ priority }) => several(priority),
  },
  assignee: {
    condition: eq(tickets.assigneeId, sql.placeholder("assignee")),
    value: ({ assigneeId }) => assigneeId,
  },
  assigned: { condition: isNotNull(tickets.assigneeId), value: ({ isAssigned }) => isAssigned || null },
  unassigned: {
    condition: isNull(tickets.assigneeId),
    value: ({ isAssigned }) => (isAssigned === false ? true : null),
  },
  requester: {
    condition: eq(tickets.requesterId, sql.placeholder("requester")),
    value: ({ requesterId }) => requesterId,
  },
  search: {
    condition: ilike(searchedText, sql.placeholder("search")),
    value: ({ search }) => (search ? `%${escapeLike(search)}%` : null),
  },
  createdFrom: {
    condition: gte(tickets.createdAt, sql.placeholder("createdFrom")),
    value: ({ createdFrom }) => createdFrom?.toISOString(),
  },
  createdBefore: {
    condition: lt(tickets.createdAt, sql.placeholder("createdBefore")),
    value: ({ createdBefore }) => createdBefore?.toISOString(),
  },
} satisfies Record<string, FilterCondition>;

type FilterName = keyof typeof filters;

/** The shape of a list, which determines the text of its statement, and the values. */
function listOf(scope: TicketScope, filter: TicketFilter) {
  const elsewhere = elsewhereOf(scope);
  const values = Object.entries(filters).map(([name, { value }]) => [name, value(filter)] as const);
  const given = values.filter(([, value]) => value != null);
  return {
    shape: {
      staffOf: tenantShape(scope.staffOf),
      elsewhere: tenantShape(elsewhere),
      filters: given.map(([name]) => name as FilterName),
    },
    values: {
      userId: scope.userId,
      staffOf: tenantValue(scope.staffOf),
      elsewhere: tenantValue(elsewhere),
      ...Object.fromEntries(given),
    },
  };
}

type ListShape = ReturnType<typeof listOf>["shape"];

/** The tenants in which a person sees only the tickets in which they participate. */
function elsewhereOf({ staffOf, memberOf }: TicketScope): TenantScope {
  if (staffOf === "every company" || memberOf === "every company") return { companyIds: [] };
  return { companyIds: memberOf.companyIds.filter((id) => !staffOf.companyIds.includes(id)) };
}

const conditions = (list: ListShape) =>
  and(visibleIn(list.staffOf, list.elsewhere), ...list.filters.map((name) => filters[name].condition));

function visibleIn(staffOf: TenantShape, elsewhere: TenantShape): SQL | undefined {
  const asStaff = inTenantsTemplate(tickets.companyId, staffOf, "staffOf");
  if (elsewhere === "none") return asStaff;
  const userId = sql.placeholder("userId");
  const takesPart = or(eq(tickets.requesterId, userId), isParticipant(userId));
  const asMember = and(inTenantsTemplate(tickets.companyId, elsewhere, "elsewhere"), takesPart);
  return staffOf === "none" ? asMember : or(asStaff, asMember);
}

type PageOfListShape = ListShape & ReturnType<typeof pageShape> & { readonly order: TicketOrder };

const pageOfTickets = preparedByShape((db, { order, direction, isContinued, ...list }: PageOfListShape) => {
  const { where, orderBy, limit } = keysetTemplate(sortOrder(order), { direction, isContinued });
  const statement = db
    .select({ ...listedTicketColumns, isParticipant: isParticipant(sql.placeholder("userId")) })
    .from(tickets)
    .where(and(conditions(list), where))
    .orderBy(...orderBy)
    .limit(limit)
    .prepare("page_of_tickets");
  return withQuickRows(statement);
});

export async function listTickets(
  db: Database,
  scope: TicketScope,
  filter: TicketFilter,
  { order, page }: { readonly order: TicketOrder; readonly page: PageRequest },
): Promise<Page<ListedTicket>> {
  const { shape, values } = listOf(scope, filter);
  const { field, direction } = order;
  const statement = pageOfTickets(db, { ...shape, ...pageShape(page), order: { field, direction } });
  return toPage(page, await statement.execute({ ...values, ...keysetValues(sortOrder(order), page) }));
}

const numberOfTickets = preparedByShape((db, list: ListShape) =>
  db
    .select({ count: sql<number>`count(*)::int` })
    .from(tickets)
    .where(conditions(list))
    .prepare("number_of_tickets"),
);

export async function countTickets(db: Database, scope: TicketScope, filter: TicketFilter): Promise<number> {
  const { shape, values } = listOf(scope, filter);
  const [row] = await numberOfTickets(db, shape).execute(values);
  return row?.count ?? 0;
}
