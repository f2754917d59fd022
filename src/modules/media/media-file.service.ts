import { gone } from "../../kernel/errors.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsReachedBy } from "../identity/viewer.js";
import type { FindMediaFileDeps } from "./find-media-file.js";
import { requireReadableBytes } from "./find-media-file.js";
import type { MediaFileView } from "./media-file.repository.js";
import { findMediaFile } from "./media-file.repository.js";

export type MediaFileService = ReturnType<typeof createMediaFileService>;

export function createMediaFileService(deps: FindMediaFileDeps) {
  return {
    /** For a download. @throws NOT_FOUND, GONE */
    requireReadable: (viewer: Viewer, id: string): Promise<MediaFileView> =>
      requireReadableBytes(deps, viewer, id),

    /** The file of an object that the viewer may read. */
    async requireFile(viewer: Viewer, id: string): Promise<MediaFileView> {
      const file = await findMediaFile(deps.db, tenantsReachedBy(viewer), id);
      if (file === null || file.deletedAt !== null) throw gone("file");
      return file;
    },
  };
}
