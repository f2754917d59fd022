import type { Policy } from "../../kernel/authorize.js";
import type { Viewer } from "../identity/viewer.js";
import { isMemberOf, isStaffOf, isUser } from "../identity/viewer.js";
import type { MediaFileView } from "./media-file.repository.js";

/** What a module that uses media files says of one: whether this viewer may read it there. */
export type UsageVerdict = "readable" | "deleted" | "hidden";

/** A file, and what those say who use it; no verdict: nobody uses it. */
export interface MediaFileSubject {
  readonly file: MediaFileView;
  readonly verdict: UsageVerdict | null;
}

/** A file that is used is for those who may read what uses it; one that is not, for its uploader and staff. */
export const mediaFilePolicy = {
  subject: "file",
  read: (viewer: Viewer, { file, verdict }: MediaFileSubject) =>
    verdict === null
      ? isStaffOf(viewer, file.companyId) ||
        (isUser(viewer, file.uploaderId) && isMemberOf(viewer, file.companyId))
      : verdict !== "hidden",
} satisfies Policy<Viewer, MediaFileSubject>;
