import type { SQL } from "drizzle-orm";
import { and, desc, eq, ne, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { alias } from "drizzle-orm/pg-core";
import type { Database } from "../../../platform/database/client.js";
import { blobs } from "../blob.tables.js";
import type { Bucket } from "../buckets.js";
import { hasNoUsages } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { mediaUsages } from "../media-usage.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

export interface FileCount {
  readonly files: number;
  readonly bytes: number;
}

const files = sql<number>`count(*)::int`;
const bytes = sql<number>`coalesce(sum(${mediaFiles.size}), 0)::float8`;

const countedIf = (condition: SQL) => ({
  files: sql<number>`(count(*) filter (where ${condition}))::int`,
  bytes: sql<number>`coalesce(sum(${mediaFiles.size}) filter (where ${condition}), 0)::float8`,
});

/** Whether a file is deleted or expired and waits for its purge; a version goes with its file. */
const isGone = (file: Record<"id" | "deletedAt" | "expiresAt", PgColumn>, now: Date) =>
  sql`(${file.deletedAt} is not null or (coalesce(${file.expiresAt} <= ${now.toISOString()}::timestamptz, false)
    and not exists (select from ${mediaUsages} where ${mediaUsages.mediaFileId} = ${file.id})))`;

/** All files of a company by state. */
export async function countByState(db: Database, companyId: string, now: Date) {
  const current = alias(mediaFiles, "current");
  const gone = sql`case when ${mediaFiles.versionOf} is null then ${isGone(mediaFiles, now)} else ${isGone(current, now)} end`;
  const live = countedIf(sql`not ${gone} and ${mediaFiles.versionOf} is null`);
  const versions = countedIf(sql`not ${gone} and ${mediaFiles.versionOf} is not null`);
  const deleted = countedIf(sql`${gone}`);
  const [row] = await db
    .select({
      liveFiles: live.files,
      liveBytes: live.bytes,
      versionFiles: versions.files,
      versionBytes: versions.bytes,
      deletedFiles: deleted.files,
      deletedBytes: deleted.bytes,
      allBytes: bytes,
    })
    .from(mediaFiles)
    .leftJoin(current, eq(current.id, mediaFiles.versionOf))
    .where(eq(mediaFiles.companyId, companyId));
  return {
    live: { files: row?.liveFiles ?? 0, bytes: row?.liveBytes ?? 0 },
    versions: { files: row?.versionFiles ?? 0, bytes: row?.versionBytes ?? 0 },
    deleted: { files: row?.deletedFiles ?? 0, bytes: row?.deletedBytes ?? 0 },
    allBytes: row?.allBytes ?? 0,
  };
}

const living = (companyId: string, now: Date) =>
  and(
    eq(mediaFiles.companyId, companyId),
    sql`${mediaFiles.versionOf} is null`,
    sql`${mediaFiles.deletedAt} is null`,
    sql`not ${isGone(mediaFiles, now)}`,
  );

const month = sql<string>`to_char(date_trunc('month', ${mediaFiles.createdAt} at time zone 'UTC'), 'YYYY-MM')`;

/** Live files by bucket, by type and by month, in one scan. */
export async function countByProperties(db: Database, companyId: string, now: Date) {
  const rows = await db
    .select({
      bucket: sql<Bucket | null>`${mediaFiles.bucket}`,
      mimeType: sql<string | null>`${mediaFiles.mimeType}`,
      month: sql<string | null>`${month}`,
      files,
      bytes,
    })
    .from(mediaFiles)
    .where(living(companyId, now))
    .groupBy(sql`grouping sets ((${mediaFiles.bucket}), (${mediaFiles.mimeType}), (${month}))`)
    .orderBy(desc(bytes));
  return {
    byBucket: rows.flatMap(({ bucket, files, bytes }) => (bucket === null ? [] : [{ bucket, files, bytes }])),
    byType: rows.flatMap(({ mimeType, files, bytes }) =>
      mimeType === null ? [] : [{ mimeType, files, bytes }],
    ),
    byMonth: rows
      .flatMap(({ month, files, bytes }) => (month === null ? [] : [{ month, files, bytes }]))
      .sort((a, b) => (a.month < b.month ? 1 : -1)),
  };
}

/** The uploaders of the most live bytes; null stands for all guests and API keys together. */
export async function countByUploader(db: Database, companyId: string, now: Date, limit: number) {
  return db
    .select({ uploaderId: mediaFiles.uploaderId, files, bytes })
    .from(mediaFiles)
    .where(living(companyId, now))
    .groupBy(mediaFiles.uploaderId)
    .orderBy(desc(bytes), mediaFiles.uploaderId)
    .limit(limit);
}

/** Live files without usages, of any age. */
export async function countUnused(db: Database, companyId: string, now: Date): Promise<FileCount> {
  const [row] = await db
    .select({ files, bytes })
    .from(mediaFiles)
    .where(and(living(companyId, now), hasNoUsages));
  return row ?? { files: 0, bytes: 0 };
}

/** Stored bytes: each blob once, and the variants. */
export async function sumStoredBytes(db: Database, companyId: string) {
  const [row] = await db
    .select({
      originals: sql<number>`coalesce(sum(${blobs.size}), 0)::float8`,
      variants: sql<number>`coalesce((select sum(${blobVariants.size}) from ${blobVariants} where ${blobVariants.companyId} = ${companyId}), 0)::float8`,
    })
    .from(blobs)
    .where(and(eq(blobs.companyId, companyId), ne(blobs.integrity, "DESTROYED")));
  return row ?? { originals: 0, variants: 0 };
}
