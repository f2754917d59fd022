import { and, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { Page, PageRequest, Position } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { requireReturnedRow } from "../../../platform/database/returned-row.js";
import type { ApiKeyRow } from "../api-key.tables.js";
import { apiKeys } from "../api-key.tables.js";
import { inTenants } from "../tenant.repository.js";
import type { TenantScope } from "../viewer.js";

/** The visible columns of a key. Its hash never leaves the repositories. */
export type ApiKeyView = Omit<ApiKeyRow, "keyHash">;

/** The columns of an `ApiKeyView`. */
const columns = {
  id: apiKeys.id,
  companyId: apiKeys.companyId,
  name: apiKeys.name,
  prefix: apiKeys.prefix,
  scopes: apiKeys.scopes,
  createdBy: apiKeys.createdBy,
  expiresAt: apiKeys.expiresAt,
  lastUsedAt: apiKeys.lastUsedAt,
  revokedAt: apiKeys.revokedAt,
  revokedBy: apiKeys.revokedBy,
  createdAt: apiKeys.createdAt,
  updatedAt: apiKeys.updatedAt,
};

export type NewApiKey = Pick<
  ApiKeyRow,
  "id" | "companyId" | "name" | "prefix" | "keyHash" | "scopes" | "createdBy" | "expiresAt"
>;

/** Neither revoked nor expired. */
const isOpen = (now: Date) =>
  and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)));

export const apiKeyPosition = ({ createdAt, id }: ApiKeyView): Position => [createdAt.toISOString(), id];

/** A page of a company's keys, from the newest on, those that have ended among them. */
export async function listApiKeys(
  db: Database,
  companyId: string,
  request: PageRequest,
): Promise<Page<ApiKeyView>> {
  const page = keyset({ keys: [apiKeys.createdAt, apiKeys.id], descending: true }, request);
  const rows = await db
    .select(columns)
    .from(apiKeys)
    .where(and(eq(apiKeys.companyId, companyId), page.where))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return toPage(request, rows);
}

export const countApiKeys = (db: Database, companyId: string): Promise<number> =>
  db.$count(apiKeys, eq(apiKeys.companyId, companyId));

/** Counts under a lock on the company's keys, so that concurrent requests do not exceed the limit together. */
export async function countOpenApiKeys(tx: Database, companyId: string, now: Date): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`api-keys:${companyId}`}, 0))`);
  return tx.$count(apiKeys, and(eq(apiKeys.companyId, companyId), isOpen(now)));
}

/** Keys by their ids, ended ones too: they remain the uploaders of their files. */
export const listApiKeysByIds = (db: Database, ids: readonly string[]): Promise<ApiKeyView[]> =>
  db.select(columns).from(apiKeys).where(isAnyOf(apiKeys.id, ids));

export async function findApiKey(db: Database, tenants: TenantScope, id: string): Promise<ApiKeyView | null> {
  const [row] = await db
    .select(columns)
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), inTenants(apiKeys.companyId, tenants)));
  return row ?? null;
}

export async function insertApiKey(tx: Database, key: NewApiKey): Promise<ApiKeyView> {
  return requireReturnedRow(await tx.insert(apiKeys).values(key).returning(columns));
}

export interface Revocation {
  readonly id: string;
  readonly now: Date;
  /** Null for the operator. */
  readonly revokedBy: string | null;
}

/** @returns the key, as it was revoked; null when it was revoked already */
export async function updateApiKeyAsRevoked(
  tx: Database,
  companyId: string,
  { id, now, revokedBy }: Revocation,
): Promise<ApiKeyView | null> {
  const [revoked] = await tx
    .update(apiKeys)
    .set({ revokedAt: now, revokedBy, updatedAt: now })
    .where(and(eq(apiKeys.companyId, companyId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning(columns);
  return revoked ?? null;
}
