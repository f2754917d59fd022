import { and, asc, eq, gt, isNull, lt, ne, or, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { companies } from "../../identity/company.tables.js";
import type { BlobRow } from "../blob.tables.js";
import { blobs } from "../blob.tables.js";
import { mediaFiles } from "../media-file.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

export type Integrity = BlobRow["integrity"];

/** Bytes in the database: stored under this key as long as the row has it. */
export interface KnownBytes {
  readonly id: string;
  readonly companyId: string;
  readonly storageKey: string;
}

export interface KnownBlob extends KnownBytes {
  readonly sha256: string;
  readonly size: number;
  readonly integrity: Integrity;
}

/** A variant by its key, which is used only once. */
export interface VariantOnRecord extends Omit<KnownBytes, "id"> {
  readonly blobId: string;
}

export interface KnownVariant extends KnownBytes, VariantOnRecord {}

export interface VariantToVerify extends KnownVariant {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

const blobColumns = {
  id: blobs.id,
  companyId: blobs.companyId,
  storageKey: blobs.storageKey,
  sha256: blobs.sha256,
  size: blobs.size,
  integrity: blobs.integrity,
};

/** Destroyed bytes are not looked for. */
const hasBytes = ne(blobs.integrity, "DESTROYED");

/** Blobs that have never been verified, in the order of their ids. Every tenant's: for the job, which has no viewer. */
export async function listNeverVerified(
  db: Database,
  after: string | null,
  limit: number,
): Promise<KnownBlob[]> {
  return db
    .select(blobColumns)
    .from(blobs)
    .where(and(hasBytes, isNull(blobs.verifiedAt), after === null ? undefined : gt(blobs.id, after)))
    .orderBy(asc(blobs.id))
    .limit(limit);
}

export interface VerifiedBlob extends KnownBlob {
  readonly verifiedAt: Date | null;
}

/** Blobs that were last verified before a moment, the oldest verification first. Every tenant's. */
export async function listVerifiedBefore(
  db: Database,
  moment: Date,
  after: VerifiedBlob | null,
  limit: number,
): Promise<VerifiedBlob[]> {
  const position = after && sql`(${after.verifiedAt?.toISOString()}::timestamptz, ${after.id}::uuid)`;
  return db
    .select({ ...blobColumns, verifiedAt: blobs.verifiedAt })
    .from(blobs)
    .where(
      and(
        hasBytes,
        lt(blobs.verifiedAt, moment),
        position ? sql`(${blobs.verifiedAt}, ${blobs.id}) > ${position}` : undefined,
      ),
    )
    .orderBy(asc(blobs.verifiedAt), asc(blobs.id))
    .limit(limit);
}

/** @returns how many there are to verify, counted up to a limit */
export async function countBlobsToVerify(db: Database, notSince: Date, limit: number): Promise<number> {
  const some = db
    .select({ id: blobs.id })
    .from(blobs)
    .where(and(hasBytes, or(isNull(blobs.verifiedAt), lt(blobs.verifiedAt, notSince))))
    .limit(limit)
    .as("some");
  const [row] = await db.select({ count: sql<number>`count(*)::int` }).from(some);
  return row?.count ?? 0;
}

/** In the order of their ids. Every tenant's. */
export async function listBlobs(db: Database, after: string | null, limit: number): Promise<KnownBlob[]> {
  return db
    .select(blobColumns)
    .from(blobs)
    .where(and(hasBytes, after === null ? undefined : gt(blobs.id, after)))
    .orderBy(asc(blobs.id))
    .limit(limit);
}

const variantColumns = {
  id: blobVariants.id,
  companyId: blobVariants.companyId,
  storageKey: blobVariants.storageKey,
  blobId: blobVariants.blobId,
};

/** In the order of their ids. Every tenant's. */
export async function listVariants(
  db: Database,
  after: string | null,
  limit: number,
): Promise<KnownVariant[]> {
  return db
    .select(variantColumns)
    .from(blobVariants)
    .where(after === null ? undefined : gt(blobVariants.id, after))
    .orderBy(asc(blobVariants.id))
    .limit(limit);
}

/** In the order of their ids. Every tenant's. */
export async function listVariantsToVerify(
  db: Database,
  blobIds: readonly string[],
): Promise<VariantToVerify[]> {
  return db
    .select({
      ...variantColumns,
      name: blobVariants.name,
      sha256: blobVariants.sha256,
      size: blobVariants.size,
    })
    .from(blobVariants)
    .where(isAnyOf(blobVariants.blobId, blobIds))
    .orderBy(asc(blobVariants.id));
}

/** How many blobs and variants there are together. Every tenant's. */
export async function countStored(db: Database): Promise<number> {
  return (await db.$count(blobs, hasBytes)) + (await db.$count(blobVariants));
}

/** Locks a blob. Null if it has been purged, or its key has changed. */
export async function lockIntegrity(
  tx: Database,
  { id, companyId, storageKey }: KnownBytes,
): Promise<Integrity | null> {
  const [row] = await tx
    .select({ integrity: blobs.integrity })
    .from(blobs)
    .where(and(eq(blobs.companyId, companyId), eq(blobs.id, id), eq(blobs.storageKey, storageKey)))
    .for("no key update");
  return row?.integrity ?? null;
}

/** @param verifiedAt null: it is verified next */
export async function updateIntegrity(
  tx: Database,
  { id, companyId }: KnownBytes,
  integrity: Integrity,
  verifiedAt: Date | null,
): Promise<void> {
  await tx
    .update(blobs)
    .set({ integrity, verifiedAt, updatedAt: sql`now()` })
    .where(and(eq(blobs.companyId, companyId), eq(blobs.id, id)));
}

/** Media files that point at a blob; deleted ones too. */
export async function listFilesOfBlob(
  db: Database,
  companyId: string,
  blobId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(and(eq(mediaFiles.companyId, companyId), eq(mediaFiles.blobId, blobId)))
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
  return rows.map((row) => row.id);
}

/** The company of a blob by its slug, and the first files of the blob, including deleted ones. */
export async function describeBlob(db: Database, companyId: string, blobId: string, limit: number) {
  const [company] = await db
    .select({ slug: companies.slug })
    .from(companies)
    .where(eq(companies.id, companyId));
  const files = await db
    .select({ id: mediaFiles.id, fileName: mediaFiles.fileName })
    .from(mediaFiles)
    .where(and(eq(mediaFiles.companyId, companyId), eq(mediaFiles.blobId, blobId)))
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
  return { company: company?.slug ?? companyId, mediaFiles: files };
}

/** @returns false if it has been purged, or rendered again meanwhile */
export async function deleteVariant(tx: Database, variant: VariantOnRecord): Promise<boolean> {
  const deleted = await tx
    .delete(blobVariants)
    .where(
      and(
        eq(blobVariants.companyId, variant.companyId),
        eq(blobVariants.blobId, variant.blobId),
        eq(blobVariants.storageKey, variant.storageKey),
      ),
    )
    .returning({ id: blobVariants.id });
  return deleted.length > 0;
}

/** Sets the status of the files' variants to pending. @returns the ids of those that are not earlier versions */
export async function updateVariantsToPending(
  tx: Database,
  companyId: string,
  ids: readonly string[],
): Promise<string[]> {
  const changed = await tx
    .update(mediaFiles)
    .set({ variantsStatus: "PENDING", updatedAt: sql`now()` })
    .where(and(eq(mediaFiles.companyId, companyId), isAnyOf(mediaFiles.id, ids)))
    .returning({ id: mediaFiles.id, versionOf: mediaFiles.versionOf });
  return changed.flatMap(({ id, versionOf }) => (versionOf === null ? [id] : []));
}
