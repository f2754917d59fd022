import type { Database } from "../../platform/database/client.js";
import type { FileField } from "./file-field.repository.js";
import { findUsageOfField, insertUsageOfField } from "./file-field.repository.js";
import { softDeleteMediaFileIfUnused } from "./media-file-deletion.js";
import type { MediaUsage } from "./media-usage.repository.js";
import { deleteUsage } from "./media-usage.repository.js";

/**
 * Empties a field. The file that it held is soft-deleted unless something else uses it. Call it under a lock on the
 * owner of the field.
 *
 * @param only leave the field as it is unless this company keeps the file
 * @returns what the field held
 */
export async function releaseFileOfField(
  tx: Database,
  field: FileField,
  by: string,
  only?: { readonly companyId: string },
): Promise<MediaUsage | null> {
  const held = await findUsageOfField(tx, field);
  if (held === null || (only && held.companyId !== only.companyId)) return null;
  await deleteUsage(tx, held);
  await softDeleteMediaFileIfUnused(tx, held.companyId, held.mediaFileId, by);
  return held;
}

/** Puts a file into a field and releases the previous one. Call it under a lock on the owner of the field. */
export async function replaceFileOfField(tx: Database, usage: MediaUsage, by: string): Promise<void> {
  await releaseFileOfField(tx, usage, by);
  await insertUsageOfField(tx, usage);
}
