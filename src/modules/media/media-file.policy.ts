import type { Policy } from "../../kernel/authorize.js";
import { FiledeskError } from "../../kernel/errors.js";
import type { Viewer } from "../identity/viewer.js";
import { isManagerOf, isMemberOf, isStaffOf, isUser } from "../identity/viewer.js";
import { damagedFile } from "./media.errors.js";
import type { MediaFileView } from "./media-file.repository.js";
import { isKnownTo } from "./unscanned.js";

/** How a module that uses a media file decides whether a viewer may read it there. */
export type AccessDecision = "readable" | "deleted" | "hidden";

/** A file, and the decision of the modules that use it; null: nothing uses it. */
export interface MediaFileSubject {
  readonly file: MediaFileView;
  readonly decision: AccessDecision | null;
}

const ownHere = (viewer: Viewer, { file }: MediaFileSubject) =>
  isUser(viewer, file.uploaderId) && isMemberOf(viewer, file.companyId);

/** A file in use is readable for those who may read what uses it; an unused file for its uploader and the staff, as is one that is not scanned yet. */
const read = (viewer: Viewer, subject: MediaFileSubject) =>
  isKnownTo(viewer, subject.file) &&
  (subject.decision === null
    ? isStaffOf(viewer, subject.file.companyId) || ownHere(viewer, subject)
    : subject.decision !== "hidden");

const ownOrManager = (viewer: Viewer, subject: MediaFileSubject) =>
  read(viewer, subject) && (ownHere(viewer, subject) || isManagerOf(viewer, subject.file.companyId));

/** Not everybody who reads the file: its content may have been replaced because others should no longer see it. */
export const showsVersions = (
  viewer: Viewer,
  file: Pick<MediaFileView, "companyId" | "uploaderId">,
): boolean =>
  isStaffOf(viewer, file.companyId) ||
  (isUser(viewer, file.uploaderId) && isMemberOf(viewer, file.companyId));

export const mediaFilePolicy = {
  subject: "file",
  viewers: ["user", "guest"],
  read,
  readVersionsOf: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) && showsVersions(viewer, subject.file),
} satisfies Policy<Viewer, MediaFileSubject>;

/** Changes to a file. A guest may read files and change none. */
export const mediaFileChangePolicy = {
  subject: "file",
  viewers: ["user"],
  read,
  change: ownOrManager,
  replace: ownOrManager,
  delete: ownOrManager,
  restore: ownOrManager,
  decideOnQuarantine: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) && isManagerOf(viewer, subject.file.companyId),
  sayWhereItIsUsed: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) && isStaffOf(viewer, subject.file.companyId),
} satisfies Policy<Viewer, MediaFileSubject>;

/** Refuses bytes that are not served to anybody. @throws FILE_NOT_SCANNED, FILE_INFECTED, CORRUPT_FILE */
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
