import type { SQL } from "drizzle-orm";
import { and, eq, gt, gte, ilike, isNotNull, isNull, lt, lte, or, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import type { SortOrder } from "../../../platform/database/keyset.js";
import { keyset } from "../../../platform/database/keyset.js";
import { blobs } from "../blob.tables.js";
import type { Bucket } from "../buckets.js";
import type { FileKind } from "../file-types.js";
import { mimeTypesOf } from "../file-types.js";
import type { MediaFileView } from "../media-file.repository.js";
import { hasNoUsages, hasUsages, isNotPersonal, mediaFileColumns } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { isUsedBy } from "./resource-usage.repository.js";

export interface MediaFileFilter {
  readonly bucket?: readonly Bucket[] | null | undefined;
  readonly kind?: readonly FileKind[] | null | undefined;
  readonly mimeType?: readonly string[] | null | undefined;
  readonly uploaderId?: string | null | undefined;
  readonly createdFrom?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
  /** In bytes, inclusive. */
  readonly minSize?: number | null | undefined;
  readonly maxSize?: number | null | undefined;
  readonly isUsed?: boolean | null | undefined;
  /** A resource of an external application that uses the file, with one of its fields or any. */
  readonly usedBy?:
    | {
        readonly resourceType: string;
        readonly resourceId: string;
        readonly fieldName?: string | null | undefined;
      }
    | null
    | undefined;
  readonly scanStatus?: readonly MediaFileView["scanStatus"][] | null | undefined;
  readonly integrity?: readonly MediaFileView["integrity"][] | null | undefined;
  readonly isDeleted?: boolean | null | undefined;
  /** A part of the name, case-insensitive. */
  readonly search?: string | null | undefined;
}

/** Files that their uploader has deleted, and those that ended by themselves. */
interface DeletedByUploader {
  readonly uploaderId: string;
}

/** Which files of a company are listed, and as of which moment. */
export interface LibraryScope {
  readonly companyId: string;
  readonly now: Date;
  /** Files that were deleted earlier are about to be purged and are not listed. */
  readonly restorableSince: Date;
  /** Whose deleted files are listed, when they are asked for. */
  readonly deletedOf: "everybody" | "api-keys" | "nobody" | DeletedByUploader;
  /** Whether files of tickets, conversations and people are left out. */
  readonly withoutPersonal: boolean;
}

const ORDERS = {
  NEWEST: { column: mediaFiles.createdAt, descending: true },
  OLDEST: { column: mediaFiles.createdAt, descending: false },
  LARGEST: { column: mediaFiles.size, descending: true },
  NAME: { column: mediaFiles.fileName, descending: false },
} as const;

export type LibraryOrder = keyof typeof ORDERS;

/** How many values a cursor of the library holds: the order's name, the sort key, the id. */
export const LIBRARY_CURSOR_SIZE = 3;

export const libraryPosition = (order: LibraryOrder) => (file: MediaFileView) => {
  const uploadedAt = file.createdAt.toISOString();
  const keys = { NEWEST: uploadedAt, OLDEST: uploadedAt, LARGEST: file.size, NAME: file.fileName };
  return [order, keys[order], file.id];
};

const sortOrder = (name: LibraryOrder): SortOrder => ({
  name,
  keys: [ORDERS[name].column, mediaFiles.id],
  descending: ORDERS[name].descending,
});

export async function listLibrary(
  db: Database,
  scope: LibraryScope,
  filter: MediaFileFilter,
  { order, page }: { readonly order: LibraryOrder; readonly page: PageRequest },
): Promise<Page<MediaFileView>> {
  const { where, orderBy, limit } = keyset(sortOrder(order), page);
  const rows = await db
    .select(mediaFileColumns)
    .from(mediaFiles)
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .where(and(...conditions(scope, filter), where))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(page, rows);
}

export async function countLibrary(
  db: Database,
  scope: LibraryScope,
  filter: MediaFileFilter,
): Promise<number> {
  return db.$count(mediaFiles, and(...conditions(scope, filter)));
}

function conditions(scope: LibraryScope, filter: MediaFileFilter): (SQL | undefined)[] {
  const { search, usedBy } = filter;
  return [
    eq(mediaFiles.companyId, scope.companyId),
    isNull(mediaFiles.versionOf),
    scope.withoutPersonal ? isNotPersonal : undefined,
    ...(filter.isDeleted ? [isRestorable(scope)] : [isNull(mediaFiles.deletedAt), isCurrent(scope.now)]),
    filter.bucket?.length ? isAnyOf(mediaFiles.bucket, filter.bucket) : undefined,
    filter.kind?.length ? isAnyOf(mediaFiles.mimeType, filter.kind.flatMap(mimeTypesOf)) : undefined,
    filter.mimeType?.length ? isAnyOf(mediaFiles.mimeType, filter.mimeType) : undefined,
    filter.uploaderId == null ? undefined : eq(mediaFiles.uploaderId, filter.uploaderId),
    filter.createdFrom == null ? undefined : gte(mediaFiles.createdAt, filter.createdFrom),
    filter.createdBefore == null ? undefined : lt(mediaFiles.createdAt, filter.createdBefore),
    filter.minSize == null ? undefined : gte(mediaFiles.size, filter.minSize),
    filter.maxSize == null ? undefined : lte(mediaFiles.size, filter.maxSize),
    filter.isUsed == null ? undefined : filter.isUsed ? hasUsages : hasNoUsages,
    usedBy == null ? undefined : isUsedBy(scope.companyId, { ...usedBy, resourceIds: [usedBy.resourceId] }),
    filter.scanStatus?.length ? hasBlob(scope, isAnyOf(blobs.scanStatus, filter.scanStatus)) : undefined,
    filter.integrity?.length ? hasBlob(scope, isAnyOf(blobs.integrity, filter.integrity)) : undefined,
    search ? ilike(mediaFiles.fileName, `%${search.replace(/[\\%_]/g, "\\$&")}%`) : undefined,
  ];
}

const hasBlob = ({ companyId }: LibraryScope, condition: SQL) =>
  sql`${mediaFiles.blobId} in (select ${blobs.id} from ${blobs} where ${and(eq(blobs.companyId, companyId), condition)})`;

/** An expired, unused file is not listed, although it has not been purged yet. */
export const isCurrent = (now: Date) =>
  or(isNull(mediaFiles.expiresAt), gt(mediaFiles.expiresAt, now), hasUsages);

const isRestorable = ({ now, restorableSince, deletedOf }: LibraryScope) =>
  and(
    isNotNull(mediaFiles.deletedAt),
    gt(mediaFiles.deletedAt, restorableSince),
    isCurrent(now),
    // A file that was deleted with a ticket is restored only with it.
    hasNoUsages,
    deletedOf === "nobody" ? sql`false` : undefined,
    deletedOf === "api-keys" ? isNotNull(mediaFiles.uploaderApiKeyId) : undefined,
    typeof deletedOf === "string" ? undefined : isDeletedByUploader(deletedOf),
  );

const isDeletedByUploader = ({ uploaderId }: DeletedByUploader) =>
  and(
    eq(mediaFiles.uploaderId, uploaderId),
    or(isNull(mediaFiles.deletedBy), eq(mediaFiles.deletedBy, uploaderId)),
  );
