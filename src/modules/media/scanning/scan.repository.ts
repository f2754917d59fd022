import {
  and,
  arrayContains,
  asc,
  eq,
  gt,
  inArray,
  isNull,
  lt,
  lte,
  ne,
  notInArray,
  or,
  sql,
} from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import type { BlobRow } from "../blob.tables.js";
import { blobs } from "../blob.tables.js";
import { mediaFiles } from "../media-file.tables.js";
import type { FileToRender } from "../variants/request-variants.js";
import type { BlobToScan } from "./request-scans.js";

type BlobKey = Pick<BlobRow, "id" | "companyId">;

/** Every tenant's: for the job, which has no viewer. */
export async function findScannedBlob(db: Database, id: string): Promise<BlobRow | null> {
  const [row] = await db.select().from(blobs).where(eq(blobs.id, id));
  return row ?? null;
}

const thisOne = ({ id, companyId }: BlobKey) => and(eq(blobs.companyId, companyId), eq(blobs.id, id));

/** Locks a blob against other changes. Null if it has been purged. */
export async function lockScannedBlob(tx: Database, blob: BlobKey): Promise<BlobRow | null> {
  const [row] = await tx.select().from(blobs).where(thisOne(blob)).for("no key update");
  return row ?? null;
}

export type ScanVerdict = Pick<BlobRow, "scanStatus" | "scanResult"> &
  Partial<Pick<BlobRow, "storageKey" | "scanReleasedAt" | "releasedSignatures">>;

/** Records a verdict of now, which answers what was requested before. The caller has locked the blob. */
export async function updateScan(tx: Database, blob: BlobKey, verdict: ScanVerdict): Promise<void> {
  await tx
    .update(blobs)
    .set({
      ...verdict,
      scannedAt: sql`now()`,
      scanAttempts: 0,
      scanRetryAt: null,
      updatedAt: sql`now()`,
    })
    .where(thisOne(blob));
}

/** Records that bytes are destroyed: their verdict is the last one. The caller has locked the blob. */
export async function updateDestroyed(tx: Database, blob: BlobKey, storageKey: string): Promise<void> {
  await tx
    .update(blobs)
    .set({
      integrity: "DESTROYED",
      storageKey,
      placeholder: null,
      scanAttempts: 0,
      scanRetryAt: null,
      updatedAt: sql`now()`,
    })
    .where(thisOne(blob));
}

/**
 * Records that these bytes are to be scanned again, whatever their status: until the next verdict, however long the
 * scanner is away.
 */
export async function requestRescan(tx: Database, ids: readonly string[]): Promise<void> {
  await tx.update(blobs).set({ scanAttempts: 0, scanRetryAt: sql`now()` }).where(isAnyOf(blobs.id, ids));
}

/** The same for a scan without a verdict, while the scanner is away: it is due at once, unless it was before. */
export async function keepRequest(db: Database, blob: BlobKey): Promise<void> {
  await db
    .update(blobs)
    .set({ scanRetryAt: sql`coalesce(${blobs.scanRetryAt}, now())` })
    .where(thisOne(blob));
}

/** A request has been answered by a scan that changes nothing of what is recorded. */
export async function forgetRequest(tx: Database, blob: BlobKey): Promise<void> {
  await tx.update(blobs).set({ scanAttempts: 0, scanRetryAt: null }).where(thisOne(blob));
}

/** A minute, then twice the previous pause, at most an hour; by the clock of the database. */
const pause = sql`least(interval '1 minute' * power(2, least(${blobs.scanAttempts}, 10)), interval '1 hour')`;

/** Counts a scan without a verdict, and schedules the next. */
export async function postponeScan(db: Database, blob: BlobKey): Promise<void> {
  await db
    .update(blobs)
    .set({ scanAttempts: sql`${blobs.scanAttempts} + 1`, scanRetryAt: sql`now() + ${pause}` })
    .where(thisOne(blob));
}

/** Written out, so that the partial index is used. */
const isWaiting = sql`(${blobs.scanStatus} in ('PENDING', 'INFECTED') or ${blobs.scanRetryAt} is not null)`;

export interface WaitingBlob extends BlobToScan {
  /** Whether it has a verdict, and a new one was requested. */
  readonly again: boolean;
}

/**
 * Blobs that wait for a scan which is due, or for their way into quarantine, in the order of their ids. Every tenant's:
 * for the job.
 *
 * @param which "infected": only those that take no scanner
 */
export async function listWaiting(
  db: Database,
  which: "all" | "infected",
  after: string | null,
  limit: number,
): Promise<WaitingBlob[]> {
  const again = sql<boolean>`${blobs.scanStatus} not in ('PENDING', 'INFECTED')`;
  return db
    .select({ id: blobs.id, companyId: blobs.companyId, again })
    .from(blobs)
    .where(
      and(
        isWaiting,
        which === "infected" ? eq(blobs.scanStatus, "INFECTED") : undefined,
        or(isNull(blobs.scanRetryAt), lte(blobs.scanRetryAt, sql`now()`)),
        after === null ? undefined : gt(blobs.id, after),
      ),
    )
    .orderBy(asc(blobs.id))
    .limit(limit);
}

/** The number of blobs with a verdict that wait for a new one, of all tenants: for the operator. */
export async function countToRescan(db: Pick<Database, "execute">): Promise<number> {
  const [row] = await db.execute<{ count: number }>(sql`
    select count(*)::int as count from ${blobs}
    where ${isWaiting} and ${blobs.scanStatus} not in ('PENDING', 'INFECTED')`);
  return row?.count ?? 0;
}

/** Which stored bytes are scanned again: all, those without a scan, those in quarantine, or those last scanned before. */
export type Rescanned = "all" | "not scanned" | "quarantined" | { readonly scannedBefore: Date };

function isRescanned(which: Rescanned) {
  if (which === "all") return undefined;
  if (which === "not scanned") return inArray(blobs.scanStatus, ["NOT_SCANNED", "PENDING"]);
  if (which === "quarantined") return inArray(blobs.scanStatus, ["INFECTED", "QUARANTINED"]);
  return or(isNull(blobs.scannedAt), lt(blobs.scannedAt, which.scannedBefore));
}

/** In the order of their ids. Every tenant's: for the operator. */
export async function listToRescan(
  db: Database,
  which: Rescanned,
  after: string | null,
  limit: number,
): Promise<BlobToScan[]> {
  return db
    .select({ id: blobs.id, companyId: blobs.companyId })
    .from(blobs)
    .where(
      and(
        isRescanned(which),
        ne(blobs.integrity, "DESTROYED"),
        after === null ? undefined : gt(blobs.id, after),
      ),
    )
    .orderBy(asc(blobs.id))
    .limit(limit);
}

/** Whether a manager has released these bytes of the company although this signature was detected in them. */
export async function isReleased(
  db: Database,
  { companyId, sha256, signature }: { companyId: string; sha256: string; signature: string },
): Promise<boolean> {
  const released = await db.$count(
    blobs,
    and(
      eq(blobs.companyId, companyId),
      eq(blobs.sha256, sha256),
      arrayContains(blobs.releasedSignatures, [signature]),
    ),
  );
  return released > 0;
}

/** The company's bytes with this hash, unless they are withheld as infected. */
export async function listServedBytes(
  db: Database,
  companyId: string,
  sha256: string,
): Promise<BlobToScan[]> {
  return db
    .select({ id: blobs.id, companyId: blobs.companyId })
    .from(blobs)
    .where(
      and(
        eq(blobs.companyId, companyId),
        eq(blobs.sha256, sha256),
        notInArray(blobs.scanStatus, ["INFECTED", "QUARANTINED"]),
      ),
    );
}

/** Files of a blob in the order of their ids, deleted ones too: whatever is told of it. */
export async function listFilesOfBytes(
  db: Database,
  blob: BlobKey,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(
      and(
        eq(mediaFiles.companyId, blob.companyId),
        eq(mediaFiles.blobId, blob.id),
        after === null ? undefined : gt(mediaFiles.id, after),
      ),
    )
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The files of a blob whose variants are pending. */
export async function listUnrenderedOfBlob(db: Database, blob: BlobKey): Promise<FileToRender[]> {
  return db
    .select({ id: mediaFiles.id, companyId: mediaFiles.companyId })
    .from(mediaFiles)
    .where(
      and(
        eq(mediaFiles.companyId, blob.companyId),
        eq(mediaFiles.blobId, blob.id),
        eq(mediaFiles.variantsStatus, "PENDING"),
      ),
    );
}
