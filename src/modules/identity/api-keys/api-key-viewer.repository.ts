import type { SQL } from "drizzle-orm";
import { and, eq, inArray, isNull, lt, or, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { preparedOnce } from "../../../platform/database/prepared-once.js";
import { apiKeys } from "../api-key.tables.js";
import { companies } from "../company.tables.js";
import { memberships } from "../membership.tables.js";
import { users } from "../user.tables.js";
import type { ApiKeyViewer } from "../viewer.js";

/** A key as a viewer, and what its validity depends on. */
export interface KnownApiKey extends Omit<ApiKeyViewer, "kind" | "client"> {
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly isCompanyDeleted: boolean;
  /** Whether whoever created it still manages the company; always so for a key of the operator. */
  readonly isBacked: boolean;
}

const isManagedByCreator = sql<boolean>`(${apiKeys.createdBy} is null or exists (
  select from ${users} u
  where u.id = ${apiKeys.createdBy} and u.deleted_at is null and u.deactivated_at is null
    and (u.is_admin or exists (select from ${memberships} m
      where m.user_id = u.id and m.company_id = ${apiKeys.companyId} and m.role = 'MANAGER'))))`;

const columns = {
  id: apiKeys.id,
  name: apiKeys.name,
  companyId: apiKeys.companyId,
  scopes: apiKeys.scopes,
  createdBy: apiKeys.createdBy,
  expiresAt: apiKeys.expiresAt,
  lastUsedAt: apiKeys.lastUsedAt,
  revokedAt: apiKeys.revokedAt,
  isCompanyDeleted: sql<boolean>`${companies.deletedAt} is not null`,
  isBacked: isManagedByCreator,
};

const select = (db: Database, condition: SQL) =>
  db.select(columns).from(apiKeys).innerJoin(companies, eq(companies.id, apiKeys.companyId)).where(condition);

const byHash = preparedOnce((db) =>
  select(db, eq(apiKeys.keyHash, sql.placeholder("keyHash"))).prepare("api_key_by_hash"),
);

/** In one statement, which runs for every request with a key: an index has the hashes. */
export async function findApiKeyByHash(db: Database, keyHash: string): Promise<KnownApiKey | null> {
  const [row] = await byHash(db).execute({ keyHash });
  return row ?? null;
}

/** Those of these ids, in one statement. */
export const listKnownApiKeys = async (db: Database, ids: readonly string[]): Promise<KnownApiKey[]> =>
  ids.length === 0 ? [] : select(db, isAnyOf(apiKeys.id, ids));

/** Unless another request has just written it, or a change on behalf of the key has its row locked. */
export async function updateLastUse(db: Database, id: string, now: Date, before: Date): Promise<void> {
  const isDue = or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, before));
  const due = db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), isDue))
    .for("update", { skipLocked: true });
  await db.update(apiKeys).set({ lastUsedAt: now }).where(inArray(apiKeys.id, due));
}
