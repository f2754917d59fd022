import { eq, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { requireReturnedRow } from "../../../platform/database/returned-row.js";
import type { CompanyStorageRow } from "./company-storage.tables.js";
import { companyStorage } from "./company-storage.tables.js";

/** Null for a company that never had a blob or a limit. */
export async function findCompanyStorage(db: Database, companyId: string): Promise<CompanyStorageRow | null> {
  const [row] = await db.select().from(companyStorage).where(eq(companyStorage.companyId, companyId));
  return row ?? null;
}

export const listCompanyStorage = (
  db: Database,
  companyIds: readonly string[],
): Promise<CompanyStorageRow[]> =>
  db.select().from(companyStorage).where(isAnyOf(companyStorage.companyId, companyIds));

/**
 * Counts what the transaction has done to blobs of the company, which the triggers would otherwise do at its commit.
 * From then on the row is locked, so it comes last. In one round trip.
 */
export async function countStoredBytes(tx: Database, companyId: string): Promise<CompanyStorageRow | null> {
  // Drizzle sends a statement when somebody waits for it.
  const counting = tx.execute(sql`set constraints blobs_stored, blobs_destroyed immediate`).then(() => {});
  const reading = findCompanyStorage(tx, companyId);
  await Promise.allSettled([counting, reading]);
  await counting;
  return reading;
}

/** @returns the row, locked until the transaction ends, with the limit that it had before */
export async function updateStorageLimit(
  tx: Database,
  companyId: string,
  limitBytes: number | null,
): Promise<CompanyStorageRow & { readonly formerLimit: number | null }> {
  await tx.insert(companyStorage).values({ companyId }).onConflictDoNothing();
  const [before] = await tx
    .select({ limitBytes: companyStorage.limitBytes })
    .from(companyStorage)
    .where(eq(companyStorage.companyId, companyId))
    .for("no key update");
  const updated = await tx
    .update(companyStorage)
    .set({ limitBytes, updatedAt: sql`now()` })
    .where(eq(companyStorage.companyId, companyId))
    .returning();
  return { ...requireReturnedRow(updated), formerLimit: before?.limitBytes ?? null };
}

/** Called under the lock on the row. */
export async function updateReachedPercent(
  tx: Database,
  companyId: string,
  reachedPercent: number,
): Promise<void> {
  await tx.update(companyStorage).set({ reachedPercent }).where(eq(companyStorage.companyId, companyId));
}
