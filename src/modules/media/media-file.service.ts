import { FiledeskError, gone } from "../../kernel/errors.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsReachedBy } from "../identity/viewer.js";
import type { MediaFileFinding } from "./find-media-file.js";
import { requireReadableBytes } from "./find-media-file.js";
import { damagedFile } from "./media.errors.js";
import type { MediaFileView } from "./media-file.repository.js";
import { findMediaFile } from "./media-file.repository.js";

export type MediaFileService = ReturnType<typeof createMediaFileService>;

export function createMediaFileService(finding: MediaFileFinding) {
  return {
    /** For a download. @throws NOT_FOUND, GONE */
    requireReadable: (viewer: Viewer, id: string): Promise<MediaFileView> =>
      requireReadableBytes(finding, viewer, id),

    /** The file behind something that the viewer has been found to be allowed to read. */
    async requireFile(viewer: Viewer, id: string): Promise<MediaFileView> {
      const file = await findMediaFile(finding.db, tenantsReachedBy(viewer), id);
      if (file === null || file.deletedAt !== null) throw gone("file");
      return file;
    },
  };
}

/** @throws FILE_NOT_SCANNED, FILE_INFECTED, CORRUPT_FILE */
export function refuseUnsafe({
  scanStatus,
  integrity,
}: Pick<MediaFileView, "scanStatus" | "integrity">): void {
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
