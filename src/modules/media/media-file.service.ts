import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { FiledeskError, gone } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import { damagedFile } from "./media.errors.js";
import type { UsageVerdict } from "./media-file.policy.js";
import { mediaFilePolicy } from "./media-file.policy.js";
import type { MediaFileView } from "./media-file.repository.js";
import { findMediaFile, isMediaFileUsed } from "./media-file.repository.js";
import { purgeFiles } from "./purge.js";

export interface MediaFileDeps {
  readonly db: Database;
  readonly storage: Storage;
  readonly clock: Clock;
  /** What a module that uses media files says of one; null: it does not use it. */
  readonly verdictOf: (viewer: Viewer, mediaFileId: string) => Promise<UsageVerdict | null>;
}

export type MediaFileService = ReturnType<typeof createMediaFileService>;

export function createMediaFileService(deps: MediaFileDeps) {
  return {
    /** For a download. @throws NOT_FOUND, GONE */
    async requireReadable(viewer: Viewer, id: string): Promise<MediaFileView> {
      const file = isId(id) ? await findMediaFile(deps.db, tenantsOf(viewer), id) : null;
      const subject = file && { file, verdict: await deps.verdictOf(viewer, file.id) };
      authorize(mediaFilePolicy, "read", viewer, subject);
      if (subject.file.deletedAt !== null || subject.verdict === "deleted") throw gone("file");
      if (await isOver(deps, subject.file)) throw gone("file");
      return subject.file;
    },

    /** The file behind something that the viewer has been found to be allowed to read. */
    async requireFile(viewer: Viewer, id: string): Promise<MediaFileView> {
      const file = await findMediaFile(deps.db, tenantsOf(viewer), id);
      if (file === null || file.deletedAt !== null) throw gone("file");
      return file;
    },

    /** @returns how many files were removed */
    purgeDeleted: async (before: Date): Promise<number> =>
      (await purgeFiles(deps, { kind: "deleted", before })).files,
  };
}

/** From the moment of its expiry a file that nothing uses is out of reach; what is used stays until it is not. */
async function isOver({ db, clock }: MediaFileDeps, { id, companyId, expiresAt }: MediaFileView): Promise<boolean> {
  return expiresAt !== null && expiresAt <= clock() && !(await isMediaFileUsed(db, companyId, id));
}

/** @throws FILE_NOT_SCANNED, FILE_INFECTED, CORRUPT_FILE */
export function refuseUnsafe({ scanStatus, integrity }: Pick<MediaFileView, "scanStatus" | "integrity">): void {
  if (scanStatus === "PENDING")
    throw new FiledeskError(
      "FILE_NOT_SCANNED",
      "This file has not been scanned yet. Try again in a minute.",
      { retryAfter: 60 },
    );
  if (scanStatus === "INFECTED" || scanStatus === "QUARANTINED")
    throw new FiledeskError("FILE_INFECTED", "This file holds malware and is not given out.");
  if (integrity === "ALTERED") throw damagedFile("are not those that were uploaded any more");
  if (integrity === "MISSING") throw damagedFile("are missing");
}
