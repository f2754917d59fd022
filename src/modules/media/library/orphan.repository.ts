import { and, eq, isNull, lt, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { blobs } from "../blob.tables.js";
import type { MediaFileView } from "../media-file.repository.js";
import { lockMediaFiles, mediaFileColumns, unused } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { isCurrent } from "./library.repository.js";

/** Which files count as orphans: those of a company that live, that nothing uses, and that nobody has touched since. */
export interface OrphanScope {
  readonly companyId: string;
  readonly before: Date;
  readonly now: Date;
}

const isOrphan = ({ companyId, before, now }: OrphanScope) =>
  and(
    eq(mediaFiles.companyId, companyId),
    isNull(mediaFiles.deletedAt),
    isNull(mediaFiles.versionOf),
    isCurrent(now),
    lt(mediaFiles.createdAt, before),
    lt(mediaFiles.updatedAt, before),
    unused,
  );

const orphanOrder = { keys: [mediaFiles.createdAt, mediaFiles.id], descending: false };

/** Where an orphan stands in the list: the one that has lain the longest first. */
export const orphanPosition = (file: Pick<MediaFileView, "createdAt" | "id">) => [
  file.createdAt.toISOString(),
  file.id,
];

export async function listOrphans(
  db: Database,
  scope: OrphanScope,
  request: PageRequest,
): Promise<Page<MediaFileView>> {
  const { where, orderBy, limit } = keyset(orphanOrder, request);
  const rows = await db
    .select(mediaFileColumns)
    .from(mediaFiles)
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .where(and(isOrphan(scope), where))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(request, rows);
}

/** How many there are, and the bytes of all of them as their uploaders count them. */
export async function countOrphans(
  db: Database,
  scope: OrphanScope,
): Promise<{ files: number; bytes: number }> {
  const [row] = await db
    .select({
      files: sql<number>`count(*)::int`,
      bytes: sql<number>`coalesce(sum(${mediaFiles.size}), 0)::float8`,
    })
    .from(mediaFiles)
    .where(isOrphan(scope));
  return row ?? { files: 0, bytes: 0 };
}

/** A batch of orphans for the purge, read on behind the last of the batch before. */
export async function listOrphansToPurge(db: Database, scope: OrphanScope, request: PageRequest) {
  const { where, orderBy, limit } = keyset(orphanOrder, request);
  const rows = await db
    .select({
      id: mediaFiles.id,
      blobId: mediaFiles.blobId,
      fileName: mediaFiles.fileName,
      size: mediaFiles.size,
      createdAt: mediaFiles.createdAt,
    })
    .from(mediaFiles)
    .where(and(isOrphan(scope), where))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(request, rows).rows;
}

/**
 * Deletes an orphan that still is one: looked at again under its lock, which whoever takes it into use waits for.
 *
 * @param deletedAt in the past, so that the purge takes it at once
 */
export async function deleteOrphan(
  tx: Database,
  scope: OrphanScope,
  id: string,
  { deletedAt, deletedBy }: { readonly deletedAt: Date; readonly deletedBy: string },
): Promise<boolean> {
  await lockMediaFiles(tx, [id]);
  const deleted = await tx
    .update(mediaFiles)
    .set({ deletedAt, deletedBy, updatedAt: sql`now()` })
    .where(and(eq(mediaFiles.id, id), isOrphan(scope)))
    .returning({ id: mediaFiles.id });
  return deleted.length > 0;
}
