import { and, eq, sql } from "drizzle-orm";
import { newId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import { blobs } from "../blob.tables.js";
import type { MediaFileView } from "../media-file.repository.js";
import { mediaFileColumns } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { blobVariants } from "./blob-variant.tables.js";

/** A variant, as readers see it. */
const columns = {
  blobId: blobVariants.blobId,
  name: blobVariants.name,
  storageKey: blobVariants.storageKey,
  mimeType: blobVariants.mimeType,
  width: blobVariants.width,
  height: blobVariants.height,
  size: blobVariants.size,
  sha256: blobVariants.sha256,
  createdAt: blobVariants.createdAt,
};

export type VariantView = Awaited<ReturnType<typeof listVariantsOfBlobs>>[number];

/** The presets of the file's bucket decide which of them belong to a file. */
export async function listVariantsOfBlobs(db: Database, tenants: TenantScope, blobIds: readonly string[]) {
  return db
    .select(columns)
    .from(blobVariants)
    .where(and(isAnyOf(blobVariants.blobId, blobIds), inTenants(blobVariants.companyId, tenants)));
}

export async function findVariant(
  db: Database,
  tenants: TenantScope,
  blobId: string,
  name: string,
): Promise<VariantView | null> {
  const variants = await listVariantsOfBlobs(db, tenants, [blobId]);
  return variants.find((variant) => variant.name === name) ?? null;
}

/** Every tenant's: for the job, which has no viewer. Includes deleted companies, which may be restored. */
export async function findMediaFileToRender(db: Database, id: string): Promise<MediaFileView | null> {
  const [row] = await db
    .select(mediaFileColumns)
    .from(mediaFiles)
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .where(eq(mediaFiles.id, id));
  return row ?? null;
}

/** The names of the variants of a blob of any tenant. */
export async function listVariantNames(db: Database, blobIds: readonly string[]) {
  return db
    .select({ blobId: blobVariants.blobId, name: blobVariants.name })
    .from(blobVariants)
    .where(isAnyOf(blobVariants.blobId, blobIds));
}

/**
 * Updates the status of a file's variants. The row stays locked until the transaction ends, and with it, by its foreign
 * key, the blob, so that no purge removes them.
 *
 * @param file as it was when its blob was read: nothing is known about a content that has replaced it
 * @returns false if the file has been purged or replaced
 */
export async function updateVariantsStatus(
  tx: Database,
  { id, blobId }: Pick<MediaFileView, "id" | "blobId">,
  status: "READY" | "FAILED" | "NOT_APPLICABLE",
): Promise<boolean> {
  const updated = await tx
    .update(mediaFiles)
    .set({ variantsStatus: status, updatedAt: sql`now()` })
    .where(and(eq(mediaFiles.id, id), eq(mediaFiles.blobId, blobId)))
    .returning({ id: mediaFiles.id });
  return updated.length > 0;
}

export interface NewVariant {
  readonly companyId: string;
  readonly blobId: string;
  readonly name: string;
  readonly storageKey: string;
  readonly mimeType: string;
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly sha256: string;
}

/** @returns the keys that were recorded; the bytes of variants that existed already are surplus */
export async function insertVariants(tx: Database, variants: readonly NewVariant[]): Promise<string[]> {
  if (variants.length === 0) return [];
  const inserted = await tx
    .insert(blobVariants)
    .values(variants.map((variant) => ({ id: newId(), ...variant })))
    .onConflictDoNothing()
    .returning({ storageKey: blobVariants.storageKey });
  return inserted.map((row) => row.storageKey);
}

/** @returns the keys of the variants, whose bytes are to be removed after the commit */
export async function purgeVariants(
  tx: Database,
  { id, companyId }: { readonly id: string; readonly companyId: string },
): Promise<string[]> {
  const purged = await tx
    .delete(blobVariants)
    .where(and(eq(blobVariants.companyId, companyId), eq(blobVariants.blobId, id)))
    .returning({ storageKey: blobVariants.storageKey });
  return purged.map((row) => row.storageKey);
}

export async function updatePlaceholder(tx: Database, blobId: string, placeholder: string): Promise<void> {
  await tx.update(blobs).set({ placeholder, updatedAt: sql`now()` }).where(eq(blobs.id, blobId));
}
