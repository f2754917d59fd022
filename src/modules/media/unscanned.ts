import type { Viewer } from "../identity/viewer.js";
import { isAuthor, isKeyOf, isStaffOf } from "../identity/viewer.js";
import type { MediaFileView } from "./media-file.repository.js";
import { uploaderOf } from "./uploader.js";

type Uploaded = Pick<MediaFileView, "companyId" | "uploaderId" | "uploaderGuestId"> &
  Partial<Pick<MediaFileView, "uploaderApiKeyId">>;

/** Whether the viewer knows of files that are not scanned yet: their uploader, the staff, and API keys that read files do. */
export const seesUnscanned = (viewer: Viewer, file: Uploaded): boolean =>
  isStaffOf(viewer, file.companyId) ||
  isKeyOf(viewer, file.companyId, "READ") ||
  isAuthor(viewer, uploaderOf(file));

/** Whether the viewer may know of a file, as far as its scan decides that. */
export const isKnownTo = (viewer: Viewer, file: Uploaded & Pick<MediaFileView, "scanStatus">): boolean =>
  file.scanStatus !== "PENDING" || seesUnscanned(viewer, file);
