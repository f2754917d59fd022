import { and, eq, isNotNull, lt, sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import type { BatchOptions } from "../../platform/database/in-batches.js";
import { deleteInBatches } from "../../platform/database/in-batches.js";
import { webhookDeliveries, webhookQueues, webhooks } from "./webhook.tables.js";

/** Removes the deliveries of events of before a moment, sent or not. */
export const purgeDeliveriesBefore = (db: Database, moment: Date, options?: BatchOptions): Promise<number> =>
  deleteInBatches(db, webhookDeliveries, lt(webhookDeliveries.createdAt, moment), options);

/** Removes queues that nothing is left of: a delivery that is still kept may be sent again. */
export const purgeEmptyQueues = (db: Database, options?: BatchOptions): Promise<number> =>
  deleteInBatches(
    db,
    webhookQueues,
    sql`${webhookQueues.dueAt} is null and ${webhookQueues.lease} is null and not exists (
      select from ${webhookDeliveries} d
      where d.webhook_id = ${webhookQueues.webhookId} and d.subject = ${webhookQueues.subject})`,
    options,
  );

/** Webhooks that were deleted before a moment. */
export const listDeletedWebhooks = (db: Database, moment: Date): Promise<{ id: string }[]> =>
  db
    .select({ id: webhooks.id })
    .from(webhooks)
    .where(and(isNotNull(webhooks.deletedAt), lt(webhooks.deletedAt, moment)));

export const listWebhooksOfCompany = (db: Database, companyId: string): Promise<{ id: string }[]> =>
  db.select({ id: webhooks.id }).from(webhooks).where(eq(webhooks.companyId, companyId));

/** Removes a webhook with all that belongs to it, in batches. */
export async function purgeWebhook(db: Database, id: string, options?: BatchOptions): Promise<void> {
  await deleteInBatches(db, webhookDeliveries, eq(webhookDeliveries.webhookId, id), options);
  await deleteInBatches(db, webhookQueues, eq(webhookQueues.webhookId, id), options);
  await db.delete(webhooks).where(eq(webhooks.id, id));
}
