import type { Database } from "../../../platform/database/client.js";
import { recordFileEvents } from "../media-file.events.js";
import { lockMediaFiles } from "../media-file.repository.js";
import type { RequestVariants } from "../variants/request-variants.js";
import type { VariantOnRecord } from "./integrity.repository.js";
import { deleteVariant, listFilesOfBlob, updateVariantsToPending } from "./integrity.repository.js";

export interface RenderAgainDeps {
  readonly db: Database;
  /** Requests the variants of these files, in the transaction. */
  readonly requestVariants: RequestVariants;
}

/** The most files of a blob whose variants are requested; the other files share these variants. */
const FILES_ASKED_FOR = 100;

/**
 * Deletes a variant whose bytes are missing or damaged, and requests it again from the original.
 *
 * @returns false if somebody else has done so, or it has been purged
 */
export async function renderAgain(
  { db, requestVariants }: RenderAgainDeps,
  variant: VariantOnRecord,
): Promise<boolean> {
  const { companyId, blobId } = variant;
  return db.transaction(async (tx) => {
    // In the order in which the purge locks: files first, then their blob's rows.
    const files = await listFilesOfBlob(tx, companyId, blobId, FILES_ASKED_FOR);
    await lockMediaFiles(tx, files);
    if (!(await deleteVariant(tx, variant))) return false;
    const pending = await updateVariantsToPending(tx, companyId, files);
    recordFileEvents(tx, companyId, "file.updated", pending.sort());
    await requestVariants(
      tx,
      files.map((id) => ({ id, companyId })),
    );
    return true;
  });
}
