import { sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { blobs } from "../blob.tables.js";
import { stagedUploads } from "../staging/staged-upload.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

/** Those of these keys that blobs, variants or staged uploads are stored under. Every tenant's: for the sweep of the storage. */
export async function listReferencedKeys(db: Database, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const rows = await db
    .select({ key: blobs.storageKey })
    .from(blobs)
    .where(isAnyOf(blobs.storageKey, keys))
    .unionAll(
      db
        .select({ key: blobVariants.storageKey })
        .from(blobVariants)
        .where(isAnyOf(blobVariants.storageKey, keys)),
    )
    .unionAll(
      db
        .select({ key: sql<string>`${stagedUploads.storageKey}` })
        .from(stagedUploads)
        .where(isAnyOf(stagedUploads.storageKey, keys)),
    );
  return new Set(rows.map((row) => row.key));
}
