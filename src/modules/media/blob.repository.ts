import { and, asc, desc, eq, not, notInArray, sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import type { BlobRow } from "./blob.tables.js";
import { blobs } from "./blob.tables.js";
import type { FileMetadata } from "./metadata.js";

export interface NewBlob {
  readonly sha256: string;
  readonly size: number;
  readonly mimeType: string;
  readonly storageKey: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly durationMs: number | null;
  readonly metadata: FileMetadata;
  readonly placeholder: string | null;
  readonly scanStatus: "CLEAN" | "PENDING" | "NOT_SCANNED";
}

/**
 * A blob that an upload has claimed. Of two equal uploads at the same time, the one whose key is `storageKey` was
 * first.
 */
export interface ClaimedBlob extends BlobBytes {
  readonly scanStatus: BlobRow["scanStatus"];
}

interface BlobBytes {
  readonly id: string;
  readonly sha256: string;
  readonly storageKey: string;
}

export interface UpsertedBlob extends ClaimedBlob {
  /** Whether the company did not have these bytes. */
  readonly isNew: boolean;
  /** Whether the row existed already, damaged, and has taken the new bytes. */
  readonly isHealed: boolean;
}

/** The row of a company's bytes. */
export interface BlobOnRecord extends BlobBytes {
  readonly companyId: string;
  /** In bytes. */
  readonly size: number;
  readonly isDestroyed: boolean;
}

const bytes = { id: blobs.id, sha256: blobs.sha256, storageKey: blobs.storageKey };
const claimed = { ...bytes, scanStatus: blobs.scanStatus };

/** Damaged bytes count as absent: an upload of the same bytes replaces them. */
const isDamaged = sql`${blobs.integrity} in ('ALTERED', 'MISSING')`;

/** Those of these hashes that the company has rows of, without damaged ones. */
export async function listKnownBlobs(
  db: Database,
  companyId: string,
  hashes: readonly string[],
): Promise<BlobOnRecord[]> {
  return db
    .select({
      ...bytes,
      companyId: blobs.companyId,
      size: blobs.size,
      isDestroyed: sql<boolean>`${blobs.integrity} = 'DESTROYED'`,
    })
    .from(blobs)
    .where(and(eq(blobs.companyId, companyId), isAnyOf(blobs.sha256, hashes), not(isDamaged)));
}

/**
 * Claims blobs for bytes that have just been stored: a new row, or the existing row of equal bytes. The row stays
 * locked until the transaction ends, so that no purge removes it. A damaged row takes the new bytes and is intact
 * again. A row keeps its scan status: equal bytes share one verdict, and an upload gives them no better one.
 *
 * @param stored ordered by hash, so that uploads of the same files do not deadlock
 */
export async function upsertBlobs(
  tx: Database,
  companyId: string,
  stored: readonly NewBlob[],
): Promise<UpsertedBlob[]> {
  if (stored.length === 0) return [];
  const rows = stored.map((blob) => ({
    id: newId(),
    companyId,
    ...blob,
    scannedAt: blob.scanStatus === "CLEAN" ? sql`now()` : null,
  }));
  const upserted = await tx
    .insert(blobs)
    .values(rows)
    .onConflictDoUpdate({
      target: [blobs.companyId, blobs.sha256],
      set: {
        storageKey: sql`case when ${isDamaged} then excluded.storage_key else ${blobs.storageKey} end`,
        verifiedAt: sql`case when ${isDamaged} then null else ${blobs.verifiedAt} end`,
        integrity: sql`case when ${isDamaged} then 'UNVERIFIED' else ${blobs.integrity} end`,
        updatedAt: sql`now()`,
      },
    })
    .returning(claimed);
  const newIds = new Set(rows.map(({ id }) => id));
  const newKeys = new Set(rows.map(({ storageKey }) => storageKey));
  return upserted.map((blob) => ({
    ...blob,
    isNew: newIds.has(blob.id),
    isHealed: !newIds.has(blob.id) && newKeys.has(blob.storageKey),
  }));
}

/** Claims existing blobs of the company, except those that have been purged meanwhile or are damaged. */
export async function lockBlobs(
  tx: Database,
  companyId: string,
  hashes: readonly string[],
): Promise<ClaimedBlob[]> {
  if (hashes.length === 0) return [];
  return tx
    .select(claimed)
    .from(blobs)
    .where(and(eq(blobs.companyId, companyId), isAnyOf(blobs.sha256, hashes), not(isDamaged)))
    .orderBy(asc(blobs.sha256))
    .for("key share");
}

const SAMPLE_OF_EACH = 100;

/**
 * Keys of the oldest and the newest blobs of all tenants: a sample that shows whether a storage belongs to the
 * database.
 *
 * @param lost whether those are included whose bytes are known to be missing
 */
export async function listSampleKeys(db: Database, { lost = true } = {}): Promise<string[]> {
  const key = { key: blobs.storageKey };
  const some = notInArray(blobs.integrity, lost ? ["DESTROYED"] : ["DESTROYED", "MISSING"]);
  const oldest = await db.select(key).from(blobs).where(some).orderBy(asc(blobs.id)).limit(SAMPLE_OF_EACH);
  const newest = await db.select(key).from(blobs).where(some).orderBy(desc(blobs.id)).limit(SAMPLE_OF_EACH);
  return [...new Set([...oldest, ...newest].map((row) => row.key))];
}
