import type { Viewer } from "../identity/viewer.js";
import { isAuthor, isStaffOf } from "../identity/viewer.js";
import type { MediaFileView } from "./media-file.repository.js";
import { uploaderOf } from "./uploader.js";

type Uploaded = Pick<MediaFileView, "companyId" | "uploaderId" | "uploaderGuestId">;

/** Whether the viewer knows of files that are not scanned yet: their uploader and the staff do. */
export const seesUnscanned = (viewer: Viewer, file: Uploaded): boolean =>
  isStaffOf(viewer, file.companyId) || isAuthor(viewer, uploaderOf(file));

/** Whether the viewer may know of a file, as far as its scan decides that. */
export const isKnownTo = (viewer: Viewer, file: Uploaded & Pick<MediaFileView, "scanStatus">): boolean =>
  file.scanStatus !== "PENDING" || seesUnscanned(viewer, file);
