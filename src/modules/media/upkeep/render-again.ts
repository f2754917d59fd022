import type { Database } from "../../../platform/database/client.js";
import { recordFileEvents } from "../media-file.events.js";
import { lockMediaFiles } from "../media-file.repository.js";
import type { RequestVariants } from "../variants/request-variants.js";
import type { VariantOnRecord } from "./integrity.repository.js";
import { deleteVariant, listFilesOfBlob, updateVariantsToPending } from "./integrity.repository.js";

export interface RenderAgainDeps {
  readonly db: Database;
  /** Asks, in the transaction, for the variants of these files to be made again. */
  readonly requestVariants: RequestVariants;
}

/** So many files of one blob have their variants made again; the others find them made. */
const FILES_ASKED_FOR = 100;

/**
 * Forgets a variant whose bytes are missing or damaged, and has it made again from the original.
 *
 * @returns false when somebody else has done so, or it has been purged
 */
export async function renderAgain(
  { db, requestVariants }: RenderAgainDeps,
  variant: VariantOnRecord,
): Promise<boolean> {
  const { companyId, blobId } = variant;
  return db.transaction(async (tx) => {
    // The files first, then what hangs on their blob, as the purge goes.
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
