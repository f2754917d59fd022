import type { SQL } from "drizzle-orm";
import { and, asc, eq, gt, isNotNull, isNull, lt, lte, or, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { blobs } from "../blob.tables.js";
import { hasNoUsages, lockMediaFiles } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { mediaUsages } from "../media-usage.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

/** Why files are purged. They must be unused as well, unless their company is purged. */
export type PurgeReason =
  | { readonly kind: "deleted"; readonly before: Date }
  | { readonly kind: "expired"; readonly at: Date }
  /** Not deleted, unused, and unchanged since. */
  | { readonly kind: "orphaned"; readonly before: Date }
  | { readonly kind: "company purged"; readonly companyId: string };

/** What a purge has removed, or would remove. */
export interface PurgeReport {
  /** Media files, earlier versions among them. */
  readonly files: number;
  readonly blobs: number;
  /** Freed in the storage, by the blobs and their variants. */
  readonly bytes: number;
}

export interface DueList {
  readonly reason: PurgeReason;
  readonly companyId: string | null;
  /** Ids of resources that are about to be purged: their usages do not count. */
  readonly released: readonly string[];
  readonly after: DuePosition | null;
  readonly limit: number;
}

export interface DuePosition {
  readonly moment: string;
  readonly id: string;
}

const MOMENT_OF: Record<PurgeReason["kind"], PgColumn> = {
  deleted: mediaFiles.deletedAt,
  expired: mediaFiles.expiresAt,
  orphaned: mediaFiles.createdAt,
  "company purged": mediaFiles.createdAt,
};

/** An earlier version is purged with its current file, never before it. */
function isDue(reason: PurgeReason): SQL | undefined {
  const current = isNull(mediaFiles.versionOf);
  switch (reason.kind) {
    case "deleted":
      return and(current, isNotNull(mediaFiles.deletedAt), lt(mediaFiles.deletedAt, reason.before));
    case "expired":
      return and(current, isNotNull(mediaFiles.expiresAt), lte(mediaFiles.expiresAt, reason.at));
    case "orphaned":
      return and(
        current,
        isNull(mediaFiles.deletedAt),
        lt(mediaFiles.createdAt, reason.before),
        lt(mediaFiles.updatedAt, reason.before),
        // An expired file is not an orphan: it is purged as expired.
        or(isNull(mediaFiles.expiresAt), gt(mediaFiles.expiresAt, sql`now()`)),
      );
    case "company purged":
      return and(current, eq(mediaFiles.companyId, reason.companyId));
  }
}

const isUnusedBut = (released: readonly string[]): SQL =>
  released.length === 0
    ? hasNoUsages
    : sql`not exists (select from ${mediaUsages} where ${mediaUsages.mediaFileId} = ${mediaFiles.id}
        and not ${isAnyOf(mediaUsages.resourceId, released)})`;

/** Every tenant's unless a company is given: for the purge, which has no viewer. */
export async function listDueFiles(db: Database, list: DueList): Promise<DuePosition[]> {
  const moment = MOMENT_OF[list.reason.kind];
  const behind =
    list.after &&
    sql`(${moment}, ${mediaFiles.id}) > (${list.after.moment}::timestamptz, ${list.after.id}::uuid)`;
  const rows = await db
    .select({ id: mediaFiles.id, moment })
    .from(mediaFiles)
    .where(
      and(
        isDue(list.reason),
        list.reason.kind === "company purged" ? undefined : isUnusedBut(list.released),
        list.companyId === null ? undefined : eq(mediaFiles.companyId, list.companyId),
        behind ?? undefined,
      ),
    )
    .orderBy(asc(moment), asc(mediaFiles.id))
    .limit(list.limit);
  return rows.map((row) => ({ id: row.id, moment: (row.moment as Date).toISOString() }));
}

/** Files that are used only by resources that are about to be purged. */
export async function listReleasedFiles(db: Database, released: readonly string[]): Promise<string[]> {
  if (released.length === 0) return [];
  const rows = await db
    .selectDistinct({ id: mediaFiles.id })
    .from(mediaUsages)
    .innerJoin(mediaFiles, eq(mediaFiles.id, mediaUsages.mediaFileId))
    .where(
      and(isAnyOf(mediaUsages.resourceId, released), isNull(mediaFiles.versionOf), isUnusedBut(released)),
    );
  return rows.map((row) => row.id);
}

/**
 * Locks a file and its earlier versions, if they may be purged. Separate statements on purpose: after the first one
 * nobody can use, restore or replace the file, and the following ones see what was committed while it waited.
 *
 * @returns the ids of all of them; none if the file is kept
 */
export async function lockDueFileWithVersions(
  tx: Database,
  id: string,
  reason: PurgeReason,
): Promise<string[]> {
  await lockMediaFiles(tx, [id]);
  const [due] = await tx
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(and(eq(mediaFiles.id, id), isDue(reason)));
  if (!due) return [];
  const family = [id];
  for (let heirs = family; heirs.length > 0; ) {
    const versions = await tx
      .select({ id: mediaFiles.id })
      .from(mediaFiles)
      .where(and(isNotNull(mediaFiles.versionOf), isAnyOf(mediaFiles.versionOf, heirs)))
      .orderBy(asc(mediaFiles.id))
      .for("update");
    heirs = versions.map((row) => row.id);
    family.push(...heirs);
  }
  return reason.kind === "company purged" || (await areUnused(tx, family)) ? family : [];
}

async function areUnused(tx: Database, ids: readonly string[]): Promise<boolean> {
  return (await tx.$count(mediaUsages, isAnyOf(mediaUsages.mediaFileId, ids))) === 0;
}

/**
 * @param ids of files that this transaction has locked @returns their company, and their blobs in the order in which
 *   uploads lock them
 */
export async function purgeMediaFiles(tx: Database, ids: readonly string[]) {
  const gone = await tx
    .delete(mediaFiles)
    .where(isAnyOf(mediaFiles.id, ids))
    .returning({ companyId: mediaFiles.companyId, blobId: mediaFiles.blobId });
  const [first] = gone;
  if (first === undefined) throw new Error("these files are not locked: somebody else has purged them");
  const blobIds = gone.map((row) => row.blobId);
  const ordered = await tx
    .select({ id: blobs.id })
    .from(blobs)
    .where(isAnyOf(blobs.id, blobIds))
    .orderBy(asc(blobs.sha256));
  return { companyId: first.companyId, blobIds: ordered.map((row) => row.id) };
}

export interface FreedObject {
  readonly key: string;
  readonly size: number;
}

/**
 * Purges a blob without media files, with its variants. Two statements on purpose: the first waits for uploads that
 * have claimed the blob and for a rendering that adds a variant, the second sees what they have committed.
 *
 * @returns its stored objects, the original first; none if it is in use
 */
export async function purgeUnusedBlob(tx: Database, blobId: string): Promise<FreedObject[]> {
  await tx.select({ id: blobs.id }).from(blobs).where(eq(blobs.id, blobId)).for("update");
  const variants = await tx
    .select({ key: blobVariants.storageKey, size: blobVariants.size })
    .from(blobVariants)
    .where(eq(blobVariants.blobId, blobId));
  const [blob] = await tx
    .delete(blobs)
    .where(
      and(
        eq(blobs.id, blobId),
        sql`not exists (select from ${mediaFiles} where ${mediaFiles.blobId} = ${blobs.id})`,
      ),
    )
    .returning({ key: blobs.storageKey, size: blobs.size });
  return blob ? [blob, ...variants] : [];
}

/** What the purge of these files and of their earlier versions would remove. */
export async function measurePurge(db: Database, ids: readonly string[]): Promise<PurgeReport> {
  if (ids.length === 0) return { files: 0, blobs: 0, bytes: 0 };
  const [measured] = await db.execute<{ files: number; blobs: number; bytes: number }>(sql`
    with recursive family as (
      select id, blob_id from media_files where ${isAnyOf(mediaFiles.id, ids)}
      union select v.id, v.blob_id from media_files v join family f on v.version_of = f.id),
    freed as (
      select b.id, b.size from blobs b where b.id in (select blob_id from family)
        and not exists (select from media_files o where o.blob_id = b.id and o.id not in (select id from family)))
    select (select count(*) from family)::float8 as files, (select count(*) from freed)::float8 as blobs,
      ((select coalesce(sum(size), 0) from freed) + (select coalesce(sum(v.size), 0) from blob_variants v
        where v.blob_id in (select id from freed)))::float8 as bytes`);
  return { files: measured?.files ?? 0, blobs: measured?.blobs ?? 0, bytes: measured?.bytes ?? 0 };
}
