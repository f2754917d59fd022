import type { Database } from "../../platform/database/client.js";
import { softDeleteMediaFileIfUnused } from "./media-file-deletion.js";
import type { MediaUsage } from "./media-usage.repository.js";
import { deleteUsage } from "./media-usage.repository.js";
import type { SingleField } from "./single-usage.repository.js";
import { findSingleUsage, insertSingleUsage } from "./single-usage.repository.js";

/**
 * Empties a field. The file that it held is soft-deleted, unless something else uses it, and purged in its time.
 * Call it under a lock on whose field it is.
 *
 * @param only leave the field as it is unless this company keeps the file
 * @returns what the field held
 */
export async function releaseSingle(
  tx: Database,
  field: SingleField,
  by: string,
  only?: { readonly companyId: string },
): Promise<MediaUsage | null> {
  const held = await findSingleUsage(tx, field);
  if (held === null || (only && held.companyId !== only.companyId)) return null;
  await deleteUsage(tx, held);
  await softDeleteMediaFileIfUnused(tx, held.companyId, held.mediaFileId, by);
  return held;
}

/** Puts a file into a field, and releases the one that it held. Call it under a lock on whose field it is. */
export async function replaceSingle(tx: Database, usage: MediaUsage, by: string): Promise<void> {
  await releaseSingle(tx, usage, by);
  await insertSingleUsage(tx, usage);
}
