import { HOUR_MS } from "../../kernel/clock.js";
import type { Database } from "../../platform/database/client.js";
import type { BatchOptions } from "../../platform/database/in-batches.js";
import {
  listDeletedWebhooks,
  listWebhooksOfCompany,
  purgeDeliveriesBefore,
  purgeEmptyQueues,
  purgeWebhook,
} from "./webhook-purge.repository.js";

/** By then every transaction has ended that may still queue something for a deleted webhook. */
const SETTLED_MS = HOUR_MS;

/** Removes deliveries that are older than the event log, and deleted webhooks. */
export async function purgeWebhooks(
  db: Database,
  { now, before }: { readonly now: Date; readonly before: Date },
  options?: BatchOptions,
): Promise<void> {
  await purgeDeliveriesBefore(db, before, options);
  await purgeEmptyQueues(db, options);
  for (const { id } of await listDeletedWebhooks(db, new Date(now.getTime() - SETTLED_MS)))
    await purgeWebhook(db, id, options);
}

/** Removes all webhooks of a company that is purged. */
export async function purgeWebhooksOf(
  db: Database,
  companyId: string,
  options?: BatchOptions,
): Promise<void> {
  for (const { id } of await listWebhooksOfCompany(db, companyId)) await purgeWebhook(db, id, options);
}
