import { and, asc, desc, eq, not, sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
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
  readonly scanStatus: "CLEAN" | "NOT_SCANNED";
}

/** A blob as one upload has it: whose key is `storageKey` decides which of two equal uploads was first. */
export interface ClaimedBlob {
  readonly id: string;
  readonly sha256: string;
  readonly storageKey: string;
}

export interface UpsertedBlob extends ClaimedBlob {
  /** Whether the row was there before, damaged, and has taken the new bytes. */
  readonly isHealed: boolean;
}

/** What a row says of a company's bytes. */
export interface BlobOnRecord extends ClaimedBlob {
  readonly companyId: string;
  /** In bytes. */
  readonly size: number;
}

const claimed = { id: blobs.id, sha256: blobs.sha256, storageKey: blobs.storageKey };

/** Bytes that were found altered or missing are not there for whoever brings them again. */
const isDamaged = sql`${blobs.integrity} in ('ALTERED', 'MISSING')`;

/** Which of these bytes the company has by its rows, leaving out those that were found altered or missing. */
export async function listKnownBlobs(
  db: Database,
  companyId: string,
  hashes: readonly string[],
): Promise<BlobOnRecord[]> {
  return db
    .select({ ...claimed, companyId: blobs.companyId, size: blobs.size })
    .from(blobs)
    .where(and(eq(blobs.companyId, companyId), isAnyOf(blobs.sha256, hashes), not(isDamaged)));
}

/**
 * Claims blobs for bytes that have just been stored: a new row, or the row of equal bytes that came first.
 * Either way the row is locked until the transaction ends, so that no purge takes it away. A row whose bytes were
 * found altered or missing takes the new ones, and is whole again.
 *
 * @param stored ordered by hash, so that two uploads of the same files do not lock each other out
 */
export async function upsertBlobs(
  tx: Database,
  companyId: string,
  stored: readonly NewBlob[],
): Promise<UpsertedBlob[]> {
  if (stored.length === 0) return [];
  const rows = stored.map((blob) => ({ id: newId(), companyId, ...blob }));
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
    isHealed: !newIds.has(blob.id) && newKeys.has(blob.storageKey),
  }));
}

/** Claims blobs that the company had already; those that a purge has taken meanwhile, or that are damaged, are left out. */
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

/** Keys of the oldest and of the newest blobs, every tenant's: to see whether a storage is the one that they lie in. */
export async function listSampleKeys(db: Database): Promise<string[]> {
  const key = { key: blobs.storageKey };
  const oldest = await db.select(key).from(blobs).orderBy(asc(blobs.id)).limit(SAMPLE_OF_EACH);
  const newest = await db.select(key).from(blobs).orderBy(desc(blobs.id)).limit(SAMPLE_OF_EACH);
  return [...new Set([...oldest, ...newest].map((row) => row.key))];
}
