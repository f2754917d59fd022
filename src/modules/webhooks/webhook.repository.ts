import { and, eq, getTableColumns, isNull, sql } from "drizzle-orm";
import type { Page, PageRequest, Position } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { keyset } from "../../platform/database/keyset.js";
import { requireReturnedRow } from "../../platform/database/returned-row.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { WebhookRow } from "./webhook.tables.js";
import { webhooks } from "./webhook.tables.js";

/** A webhook without its secret, which only the sender reads. */
export type WebhookView = Omit<WebhookRow, "sealedSecret">;

const { sealedSecret: _secret, ...columns } = getTableColumns(webhooks);

export type NewWebhook = Pick<
  WebhookRow,
  "id" | "companyId" | "url" | "description" | "eventKinds" | "sealedSecret" | "createdBy"
>;

export type WebhookChange = Partial<
  Pick<WebhookRow, "url" | "description" | "eventKinds" | "disabledAt" | "disabledReason" | "failures">
>;

const lives = isNull(webhooks.deletedAt);
const isThis = (companyId: string, id: string) =>
  and(eq(webhooks.companyId, companyId), eq(webhooks.id, id), lives);

export const webhookPosition = ({ createdAt, id }: WebhookView): Position => [createdAt.toISOString(), id];

/** A page of a company's webhooks, the oldest first. */
export async function listWebhooks(
  db: Database,
  companyId: string,
  request: PageRequest,
): Promise<Page<WebhookView>> {
  const page = keyset({ keys: [webhooks.createdAt, webhooks.id], descending: false }, request);
  const rows = await db
    .select(columns)
    .from(webhooks)
    .where(and(eq(webhooks.companyId, companyId), lives, page.where))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return toPage(request, rows);
}

export const countWebhooks = (db: Database, companyId: string): Promise<number> =>
  db.$count(webhooks, and(eq(webhooks.companyId, companyId), lives));

/** Counts under a lock on the company's webhooks, so that concurrent requests do not exceed the limit together. */
export async function countWebhooksForAdding(tx: Database, companyId: string): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks:${companyId}`}, 0))`);
  return countWebhooks(tx, companyId);
}

/** Those with these ids, deleted ones too: they are named by their deliveries. */
export const listWebhooksByIds = (db: Database, ids: readonly string[]): Promise<WebhookView[]> =>
  db.select(columns).from(webhooks).where(isAnyOf(webhooks.id, ids));

export async function findWebhook(
  db: Database,
  tenants: TenantScope,
  id: string,
): Promise<WebhookView | null> {
  const [row] = await db
    .select(columns)
    .from(webhooks)
    .where(and(eq(webhooks.id, id), inTenants(webhooks.companyId, tenants), lives));
  return row ?? null;
}

export async function insertWebhook(tx: Database, webhook: NewWebhook): Promise<WebhookView> {
  return requireReturnedRow(await tx.insert(webhooks).values(webhook).returning(columns));
}

export async function updateWebhook(
  tx: Database,
  companyId: string,
  id: string,
  change: WebhookChange & { readonly updatedAt: Date },
): Promise<WebhookView | null> {
  const [row] = await tx.update(webhooks).set(change).where(isThis(companyId, id)).returning(columns);
  return row ?? null;
}

/** @returns the webhook, with the version of its new secret */
export async function updateSecret(
  tx: Database,
  companyId: string,
  id: string,
  { sealedSecret, now }: { readonly sealedSecret: string; readonly now: Date },
): Promise<WebhookView | null> {
  const [row] = await tx
    .update(webhooks)
    .set({ sealedSecret, secretVersion: sql`${webhooks.secretVersion} + 1`, updatedAt: now })
    .where(isThis(companyId, id))
    .returning(columns);
  return row ?? null;
}

/** @returns the webhook; null if it is disabled already */
export async function updateAsDisabled(
  tx: Database,
  { companyId, id }: Pick<WebhookRow, "companyId" | "id">,
  { reason, now }: { readonly reason: string; readonly now: Date },
): Promise<WebhookView | null> {
  const [row] = await tx
    .update(webhooks)
    .set({ disabledAt: now, disabledReason: reason, updatedAt: now })
    .where(and(isThis(companyId, id), isNull(webhooks.disabledAt)))
    .returning(columns);
  return row ?? null;
}

export async function softDeleteWebhook(
  tx: Database,
  companyId: string,
  id: string,
  { now, deletedBy }: { readonly now: Date; readonly deletedBy: string },
): Promise<WebhookView | null> {
  const [row] = await tx
    .update(webhooks)
    .set({ deletedAt: now, deletedBy, updatedAt: now })
    .where(isThis(companyId, id))
    .returning(columns);
  return row ?? null;
}
