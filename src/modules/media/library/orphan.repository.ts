import { and, eq, isNull, lt } from "drizzle-orm";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { blobs } from "../blob.tables.js";
import type { MediaFileView } from "../media-file.repository.js";
import { hasNoUsages, mediaFileColumns } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { isCurrent } from "./library.repository.js";

/** Orphans: files of a company that are not deleted, unused, and unchanged since a moment. */
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
    hasNoUsages,
  );

const orphanOrder = { keys: [mediaFiles.createdAt, mediaFiles.id], descending: false };

/** Position of an orphan in the list: the oldest first. */
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

export const countOrphans = (db: Database, scope: OrphanScope): Promise<number> =>
  db.$count(mediaFiles, isOrphan(scope));
