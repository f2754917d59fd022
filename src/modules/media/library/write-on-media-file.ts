import type { Database } from "../../../platform/database/client.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { FindMediaFileDeps, FoundMediaFile, MediaFileAction } from "../find-media-file.js";
import { requireMediaFile } from "../find-media-file.js";
import { lockMediaFiles } from "../media-file.repository.js";

/**
 * Runs a transaction that changes a file, and checks the permission again under the lock of the file.
 *
 * @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, GONE
 */
export function writeOnMediaFile<Result>(
  deps: FindMediaFileDeps,
  { viewer, file: { id, companyId } }: FoundMediaFile,
  action: MediaFileAction,
  write: (tx: Database, found: FoundMediaFile) => Promise<Result>,
): Promise<Result> {
  const lock = (tx: Database) => lockMediaFiles(tx, [id]);
  return writeAs(deps.db, { viewer, companyId, lock }, async (tx, known) =>
    write(tx, await requireMediaFile({ ...deps, db: tx }, known, id, action)),
  );
}
