import { and, asc, eq, gt, isNull, lt, lte, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { mediaFiles } from "../media-file.tables.js";
import { renderingRetries } from "./rendering-retry.tables.js";
import type { FileToRender } from "./request-variants.js";

/** With the pauses below, retries go on for five days: longer than a weekend, but not forever. */
const MOST_FAILURES = 12;

/** A quarter of an hour, then twice the previous pause, at most a day; by the clock of the database. */
const pauseAfter = (failures: unknown) =>
  sql`now() + least(interval '15 minutes' * power(2, ${failures} - 1), interval '1 day')`;

/** Counts a temporary failure, and schedules the next retry. */
export async function recordFailure(tx: Database, mediaFileId: string): Promise<void> {
  await tx
    .insert(renderingRetries)
    .values({ mediaFileId, failures: 1, retryAt: pauseAfter(sql`1`) })
    .onConflictDoUpdate({
      target: renderingRetries.mediaFileId,
      set: {
        failures: sql`${renderingRetries.failures} + 1`,
        retryAt: pauseAfter(sql`(${renderingRetries.failures} + 1)`),
      },
    });
}

/** After a success, after a permanent failure, and before a retry by the operator. */
export async function forgetFailures(tx: Database, mediaFileIds: readonly string[]): Promise<void> {
  await tx.delete(renderingRetries).where(isAnyOf(renderingRetries.mediaFileId, mediaFileIds));
}

const isFailed = and(eq(mediaFiles.variantsStatus, "FAILED"), isNull(mediaFiles.deletedAt));
const behind = (after: string | null) => (after === null ? undefined : gt(mediaFiles.id, after));

/** Live files whose retry is due, in the order of their ids. Every tenant's: for the job. */
export async function listDueRetries(db: Database, after: string | null, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: mediaFiles.id })
    .from(renderingRetries)
    .innerJoin(mediaFiles, eq(mediaFiles.id, renderingRetries.mediaFileId))
    .where(
      and(
        isFailed,
        lte(renderingRetries.retryAt, sql`now()`),
        lt(renderingRetries.failures, MOST_FAILURES),
        behind(after),
      ),
    )
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Live files whose rendering failed for any reason, in the order of their ids. Every tenant's: for the operator. */
export async function listFailed(db: Database, after: string | null, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(and(isFailed, behind(after)))
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** A file whose rendering is tried again. */
export interface RetriedFile extends FileToRender {
  readonly versionOf: string | null;
}

/** @returns those that had failed; the others have been rendered or deleted meanwhile */
export async function updateFailedToPending(tx: Database, ids: readonly string[]): Promise<RetriedFile[]> {
  const changed = await tx
    .update(mediaFiles)
    .set({ variantsStatus: "PENDING", updatedAt: sql`now()` })
    .where(and(isFailed, isAnyOf(mediaFiles.id, ids)))
    .returning({ id: mediaFiles.id, companyId: mediaFiles.companyId, versionOf: mediaFiles.versionOf });
  return changed.sort((a, b) => (a.id < b.id ? -1 : 1));
}
