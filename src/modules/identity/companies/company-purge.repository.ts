import { and, asc, eq, isNotNull, lt } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import type { BatchOptions } from "../../../platform/database/in-batches.js";
import { deleteInBatches } from "../../../platform/database/in-batches.js";
import { apiKeys } from "../api-key.tables.js";
import type { CompanyRow } from "../company.tables.js";
import { companies } from "../company.tables.js";
import { invitations } from "../invitation.tables.js";
import { memberships } from "../membership.tables.js";

const wasDeleted = (before: Date) => and(isNotNull(companies.deletedAt), lt(companies.deletedAt, before));

/** For the purge, which has no viewer. */
export async function listPurgeableCompanies(db: Database, deletedBefore: Date): Promise<string[]> {
  const rows = await db
    .select({ id: companies.id })
    .from(companies)
    .where(wasDeleted(deletedBefore))
    .orderBy(asc(companies.id));
  return rows.map((row) => row.id);
}

/** Purges a due company's memberships, invitations and API keys in batches; there may be too many for one statement. */
export async function purgeMostOfCompany(
  db: Database,
  companyId: string,
  options?: BatchOptions,
): Promise<void> {
  await deleteInBatches(db, memberships, eq(memberships.companyId, companyId), options);
  await deleteInBatches(db, invitations, eq(invitations.companyId, companyId), options);
  await deleteInBatches(db, apiKeys, eq(apiKeys.companyId, companyId), options);
}

export async function isPurgeable(db: Database, companyId: string, deletedBefore: Date): Promise<boolean> {
  return (await db.$count(companies, and(eq(companies.id, companyId), wasDeleted(deletedBefore)))) > 0;
}

/** Purges the rest of its memberships, invitations and API keys as well. Null when it is not due, or is purged already. */
export async function purgeCompany(
  tx: Database,
  companyId: string,
  deletedBefore: Date,
): Promise<CompanyRow | null> {
  const [due] = await tx
    .select()
    .from(companies)
    .where(and(eq(companies.id, companyId), wasDeleted(deletedBefore)))
    .for("update");
  if (!due) return null;
  await tx.delete(memberships).where(eq(memberships.companyId, companyId));
  await tx.delete(invitations).where(eq(invitations.companyId, companyId));
  await tx.delete(apiKeys).where(eq(apiKeys.companyId, companyId));
  await tx.delete(companies).where(eq(companies.id, companyId));
  return due;
}
