import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { MINUTE_MS } from "../../kernel/clock.js";
import { FiledeskError, gone } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { UsageVerdict } from "./media-file.policy.js";
import { mediaFilePolicy } from "./media-file.policy.js";
import type { MediaFileView } from "./media-file.repository.js";
import { findMediaFile } from "./media-file.repository.js";
import { purgeDeletedFiles } from "./purge.js";
import { sweepStorage } from "./sweep.js";

export interface MediaFileDeps {
  readonly db: Database;
  readonly storage: Storage;
  readonly clock: Clock;
  /** What a module that uses media files says of one; null: it does not use it. */
  readonly verdictOf: (viewer: Viewer, mediaFileId: string) => Promise<UsageVerdict | null>;
  /** A file that another tenant keeps and the viewer may read all the same, such as a colleague's avatar. */
  readonly findShared: (viewer: Viewer, mediaFileId: string) => Promise<MediaFileView | null>;
}

export type MediaFileService = ReturnType<typeof createMediaFileService>;

export function createMediaFileService(deps: MediaFileDeps) {
  return {
    /** For a download. @throws NOT_FOUND, GONE */
    async requireReadable(viewer: Viewer, id: string): Promise<MediaFileView> {
      const file = isId(id)
        ? ((await findMediaFile(deps.db, tenantsOf(viewer), id)) ?? (await deps.findShared(viewer, id)))
        : null;
      const subject = file && { file, verdict: await deps.verdictOf(viewer, file.id) };
      authorize(mediaFilePolicy, "read", viewer, subject);
      if (subject.file.deletedAt !== null || subject.verdict === "deleted") throw gone("file");
      return subject.file;
    },

    /** The file behind something that the viewer has been found to be allowed to read. */
    async requireFile(viewer: Viewer, id: string): Promise<MediaFileView> {
      const file = await findMediaFile(deps.db, tenantsOf(viewer), id);
      if (file === null || file.deletedAt !== null) throw gone("file");
      return file;
    },

    purgeDeleted: (deletedBefore: Date) => purgeDeletedFiles(deps, deletedBefore),

    /** @param minutes how old bytes without a row are at least, before they count as left behind */
    sweep: (minutes: number) => sweepStorage(deps, new Date(deps.clock().getTime() - minutes * MINUTE_MS)),
  };
}

/** @throws FILE_NOT_SCANNED, FILE_INFECTED */
export function refuseUnsafe({ scanStatus }: Pick<MediaFileView, "scanStatus">): void {
  if (scanStatus === "PENDING")
    throw new FiledeskError(
      "FILE_NOT_SCANNED",
      "This file has not been scanned yet. Try again in a minute.",
      { retryAfter: 60 },
    );
  if (scanStatus === "INFECTED" || scanStatus === "QUARANTINED")
    throw new FiledeskError("FILE_INFECTED", "This file holds malware and is not given out.");
}
