import { and, asc, eq, isNull, sql } from "drizzle-orm";
import { isId, normalizeId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { mediaFiles } from "./media-file.tables.js";
import { mediaUsages } from "./media-usage.tables.js";

/** A usage of a file: a field of a resource. */
export interface MediaUsage {
  readonly companyId: string;
  readonly mediaFileId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly fieldName: string;
}

const columns = {
  companyId: mediaUsages.companyId,
  mediaFileId: mediaUsages.mediaFileId,
  resourceType: mediaUsages.resourceType,
  resourceId: mediaUsages.resourceId,
  fieldName: mediaUsages.fieldName,
  createdAt: mediaUsages.createdAt,
};

export type MediaUsageView = MediaUsage & { readonly createdAt: Date };

/** If the file may be deleted at the same time, lock it first (`lockMediaFileForUse`). */
export async function insertUsages(tx: Database, usages: readonly MediaUsage[]): Promise<void> {
  if (usages.length > 0)
    await tx
      .insert(mediaUsages)
      .values([...usages])
      .onConflictDoNothing();
}

/** UUIDs are compared in any case: an import or an earlier release may have stored one in capitals. */
const isResource = (id: string) =>
  isId(id) ? eq(sql`lower(${mediaUsages.resourceId})`, normalizeId(id)) : eq(mediaUsages.resourceId, id);

const thisUsage = (usage: MediaUsage) =>
  and(
    eq(mediaUsages.companyId, usage.companyId),
    eq(mediaUsages.mediaFileId, usage.mediaFileId),
    eq(mediaUsages.resourceType, usage.resourceType),
    isResource(usage.resourceId),
    eq(mediaUsages.fieldName, usage.fieldName),
  );

/** @returns false when there was none */
export async function deleteUsage(tx: Database, usage: MediaUsage): Promise<boolean> {
  const deleted = await tx.delete(mediaUsages).where(thisUsage(usage)).returning({ id: mediaUsages.id });
  return deleted.length > 0;
}

export async function findUsage(db: Database, usage: MediaUsage): Promise<MediaUsageView | null> {
  const [row] = await db.select(columns).from(mediaUsages).where(thisUsage(usage));
  return row ?? null;
}

/**
 * Keeps a file from being deleted or purged until the transaction ends, so that a usage of it can be inserted. The lock
 * is shared.
 *
 * @returns false if it has been deleted, or is an earlier version
 */
export async function lockMediaFileForUse(tx: Database, companyId: string, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        eq(mediaFiles.id, id),
        isNull(mediaFiles.deletedAt),
        isNull(mediaFiles.versionOf),
      ),
    )
    .for("share");
  return rows.length > 0;
}

/** The first usages of each file that are not suspended, the oldest first, in one statement. */
export async function listUsagesOfFiles(
  db: Database,
  companyIds: readonly string[],
  mediaFileIds: readonly string[],
  limit: number,
): Promise<MediaUsageView[]> {
  const ranked = db
    .select({
      ...columns,
      rank: sql<number>`row_number() over (partition by ${mediaUsages.mediaFileId} order by ${mediaUsages.createdAt}, ${mediaUsages.id})`.as(
        "rank",
      ),
    })
    .from(mediaUsages)
    .where(
      and(
        isAnyOf(mediaUsages.mediaFileId, mediaFileIds),
        isAnyOf(mediaUsages.companyId, companyIds),
        isNull(mediaUsages.suspendedAt),
      ),
    )
    .as("ranked");
  return db
    .select({
      companyId: ranked.companyId,
      mediaFileId: ranked.mediaFileId,
      resourceType: ranked.resourceType,
      resourceId: ranked.resourceId,
      fieldName: ranked.fieldName,
      createdAt: ranked.createdAt,
    })
    .from(ranked)
    .where(sql`${ranked.rank} <= ${limit}`)
    .orderBy(asc(ranked.mediaFileId), asc(ranked.rank));
}

/** The types of resources that use a file, including suspended usages. */
export async function listUsingTypes(
  db: Database,
  companyId: string,
  mediaFileId: string,
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ type: mediaUsages.resourceType })
    .from(mediaUsages)
    .where(and(eq(mediaUsages.companyId, companyId), eq(mediaUsages.mediaFileId, mediaFileId)));
  return rows.map((row) => row.type);
}
