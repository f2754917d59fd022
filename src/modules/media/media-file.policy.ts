import type { Policy } from "../../kernel/authorize.js";
import { FiledeskError } from "../../kernel/errors.js";
import type { ApiKeyScope, Viewer } from "../identity/viewer.js";
import {
  isAuthor,
  isDeletedByOther,
  isKeyOf,
  isManagerOf,
  isMemberOf,
  isStaffOf,
  isUser,
} from "../identity/viewer.js";
import { damagedFile } from "./media.errors.js";
import type { MediaFileView } from "./media-file.repository.js";
import { isKnownTo } from "./unscanned.js";
import { uploaderOf } from "./uploader.js";

/** How a module that uses a media file decides whether a viewer may read it there. */
export type AccessDecision = "readable" | "deleted" | "hidden";

/** A file, and the decision of the modules that use it; null: nothing uses it. */
export interface MediaFileSubject {
  readonly file: MediaFileView;
  readonly decision: AccessDecision | null;
}

const ownHere = (viewer: Viewer, { file }: MediaFileSubject) =>
  isUser(viewer, file.uploaderId) && isMemberOf(viewer, file.companyId);

/** Files of conversations, tickets and people are hidden from API keys by the modules that use them. */
const asKey = (viewer: Viewer, { companyId }: MediaFileView, scope: ApiKeyScope) =>
  isKeyOf(viewer, companyId, scope);

/** Whether it is an API key's own upload, which it keeps seeing while it may upload. */
const uploadedByKey = (viewer: Viewer, { file }: MediaFileSubject) =>
  viewer.kind === "api-key" && isAuthor(viewer, uploaderOf(file));

/** A file in use is readable for those who may read what uses it; an unused file for its uploader and the staff, as is one that is not scanned yet. */
const read = (viewer: Viewer, subject: MediaFileSubject) =>
  isKnownTo(viewer, subject.file) &&
  (subject.decision === null
    ? isStaffOf(viewer, subject.file.companyId) ||
      ownHere(viewer, subject) ||
      asKey(viewer, subject.file, "READ") ||
      uploadedByKey(viewer, subject)
    : subject.decision !== "hidden");

const manages = (viewer: Viewer, { file }: MediaFileSubject) =>
  isManagerOf(viewer, file.companyId) || asKey(viewer, file, "MANAGE");

const ownOrManager = (viewer: Viewer, subject: MediaFileSubject) =>
  read(viewer, subject) && (ownHere(viewer, subject) || manages(viewer, subject));

/** Not everybody who reads the file: its content may have been replaced because others should no longer see it. */
export const showsVersions = (
  viewer: Viewer,
  file: Pick<MediaFileView, "companyId" | "uploaderId">,
): boolean =>
  isStaffOf(viewer, file.companyId) ||
  isKeyOf(viewer, file.companyId, "READ") ||
  (isUser(viewer, file.uploaderId) && isMemberOf(viewer, file.companyId));

export const mediaFilePolicy = {
  subject: "file",
  viewers: ["user", "guest", "api-key"],
  read,
  readVersionsOf: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) && showsVersions(viewer, subject.file),
} satisfies Policy<Viewer, MediaFileSubject>;

/** Changes to a file. A guest may read files and change none; malware is for people to decide on. */
export const mediaFileChangePolicy = {
  subject: "file",
  viewers: ["user", "api-key"],
  read,
  change: ownOrManager,
  replace: ownOrManager,
  delete: ownOrManager,
  restore: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) &&
    ((ownHere(viewer, subject) && !isDeletedByOther(viewer, subject.file)) || manages(viewer, subject)),
  decideOnQuarantine: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) && isManagerOf(viewer, subject.file.companyId),
  sayWhereItIsUsed: (viewer: Viewer, subject: MediaFileSubject) =>
    read(viewer, subject) &&
    (isStaffOf(viewer, subject.file.companyId) ||
      asKey(viewer, subject.file, "MANAGE") ||
      (asKey(viewer, subject.file, "UPLOAD") && uploadedByKey(viewer, subject))),
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
