import type { Database } from "../../platform/database/client.js";
import { isForeignKeyViolation } from "../../platform/database/faults.js";
import type { Storage } from "../../platform/storage/storage.js";
import { deleteUnusedBlob } from "./blob.repository.js";
import { listPurgeable, purgeMediaFile } from "./media-file.repository.js";

const AT_ONCE = 500;

/**
 * Removes media files for good that were deleted before a moment, and the bytes that nothing else uses.
 * Rows first, bytes after: when the process dies between them, the sweep finds the bytes.
 *
 * @returns how many files were removed
 */
export async function purgeDeletedFiles(
  { db, storage }: { readonly db: Database; readonly storage: Storage },
  deletedBefore: Date,
): Promise<number> {
  let purged = 0;
  for (;;) {
    const files = await listPurgeable(db, deletedBefore, AT_ONCE);
    let progress = 0;
    for (const { id, blobId } of files) {
      const outcome = await purgeFile(db, { id, blobId }, deletedBefore);
      if (outcome.purged) progress += 1;
      if (outcome.key !== null) await storage.delete([outcome.key]);
    }
    purged += progress;
    if (files.length < AT_ONCE || progress === 0) return purged;
  }
}

const stays = { purged: false, key: null };

/** One file that was deleted before a moment; whoever calls deletes the bytes under `key`. */
export async function purgeFile(db: Database, file: { id: string; blobId: string }, deletedBefore: Date) {
  try {
    return await db.transaction(async (tx) =>
      (await purgeMediaFile(tx, file.id, deletedBefore))
        ? { purged: true, key: await deleteUnusedBlob(tx, file.blobId) }
        : stays,
    );
  } catch (error) {
    // A row that a module above keeps, such as a deleted attachment's, still points at the file.
    if (isForeignKeyViolation(error)) return stays;
    throw error;
  }
}
