import type { SQL } from "drizzle-orm";
import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { Page, PageRequest, Position } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import { keyset } from "../../platform/database/keyset.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { WebhookDeliveryRow } from "./webhook.tables.js";
import { webhookDeliveries, webhookQueues } from "./webhook.tables.js";

/** What has become of a delivery. */
export const WebhookDeliveryStatus = {
  PENDING: "PENDING",
  RETRYING: "RETRYING",
  DELIVERED: "DELIVERED",
} as const;
export type WebhookDeliveryStatus = (typeof WebhookDeliveryStatus)[keyof typeof WebhookDeliveryStatus];

export const statusOf = ({
  deliveredAt,
  lastError,
}: Pick<WebhookDeliveryRow, "deliveredAt" | "lastError">): WebhookDeliveryStatus => {
  if (deliveredAt !== null) return "DELIVERED";
  return lastError === null ? "PENDING" : "RETRYING";
};

const { deliveredAt, lastError } = webhookDeliveries;
const HAS_STATUS: Readonly<Record<WebhookDeliveryStatus, SQL | undefined>> = {
  PENDING: and(isNull(deliveredAt), isNull(lastError)),
  RETRYING: and(isNull(deliveredAt), isNotNull(lastError)),
  DELIVERED: isNotNull(deliveredAt),
};

export interface DeliveryList {
  readonly companyId: string;
  readonly webhookId: string;
  readonly status?: WebhookDeliveryStatus | null | undefined;
}

const listed = ({ companyId, webhookId, status }: DeliveryList) =>
  and(
    eq(webhookDeliveries.companyId, companyId),
    eq(webhookDeliveries.webhookId, webhookId),
    status ? HAS_STATUS[status] : undefined,
  );

export const deliveryPosition = ({ createdAt, id }: WebhookDeliveryRow): Position => [
  createdAt.toISOString(),
  id,
];

/** A page of a webhook's deliveries, from the newest on. */
export async function listWebhookDeliveries(
  db: Database,
  list: DeliveryList,
  request: PageRequest,
): Promise<Page<WebhookDeliveryRow>> {
  const page = keyset(
    { keys: [webhookDeliveries.createdAt, webhookDeliveries.id], descending: true },
    request,
  );
  const rows = await db
    .select()
    .from(webhookDeliveries)
    .where(and(listed(list), page.where))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return toPage(request, rows);
}

export const countWebhookDeliveries = (db: Database, list: DeliveryList): Promise<number> =>
  db.$count(webhookDeliveries, listed(list));

export async function findWebhookDelivery(
  db: Database,
  tenants: TenantScope,
  id: string,
): Promise<WebhookDeliveryRow | null> {
  const [row] = await db
    .select()
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.id, id), inTenants(webhookDeliveries.companyId, tenants)));
  return row ?? null;
}

/** Queues a delivery to be sent at once, delivered before or not: before all others of its subject that wait. */
export async function updateDeliveryAsDue(
  tx: Database,
  companyId: string,
  { id, webhookId, subject }: Pick<WebhookDeliveryRow, "id" | "webhookId" | "subject">,
): Promise<WebhookDeliveryRow | null> {
  const ofQueue = and(
    eq(webhookQueues.companyId, companyId),
    eq(webhookQueues.webhookId, webhookId),
    eq(webhookQueues.subject, subject),
  );
  const [row] = await tx
    .update(webhookDeliveries)
    .set({ deliveredAt: null, lastError: null, lastStatus: null })
    .where(and(eq(webhookDeliveries.companyId, companyId), eq(webhookDeliveries.id, id)))
    .returning();
  if (!row) return null;
  await tx
    .update(webhookQueues)
    .set({
      revision: sql`${webhookQueues.revision} + 1`,
      dueAt: sql`now()`,
      attempts: 0,
      firstAttemptAt: null,
    })
    .where(ofQueue);
  return row;
}
