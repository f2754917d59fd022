import type { Policy } from "../../kernel/authorize.js";
import type { Viewer } from "../identity/viewer.js";
import { isAdmin, isAuthor, isDeletedByOther, isManagerOf, isStaffOf } from "../identity/viewer.js";
import { uploaderOf } from "../media/uploader.js";
import type { AttachmentView } from "./attachment.repository.js";
import type { ParentState } from "./parents.js";

/** An attachment, and the state of its parent for the viewer; null: the viewer may not know of it. */
export interface AttachmentSubject {
  readonly attachment: AttachmentView;
  readonly parent: ParentState | null;
}

type Uploaded = Pick<AttachmentView, "uploaderId" | "uploaderGuestId" | "messageId">;

const own = (viewer: Viewer, attachment: Uploaded) => isAuthor(viewer, uploaderOf(attachment));

/** Only the sender may change a chat message and its files; not even administrators may. */
const isSaid = ({ messageId }: Uploaded) => messageId !== null;

const isTheirs = (viewer: Viewer, attachment: Uploaded) =>
  own(viewer, attachment) || (isAdmin(viewer) && !isSaid(attachment));

/** Managers of its company, including administrators. */
const isManaged = (viewer: Viewer, attachment: AttachmentView) =>
  isManagerOf(viewer, attachment.companyId) && !isSaid(attachment);

export const attachmentPolicy = {
  subject: "attachment",
  viewers: ["user", "guest"],
  read: (_viewer: Viewer, { parent }: AttachmentSubject) => parent !== null,
  edit: (viewer: Viewer, { attachment, parent }: AttachmentSubject) =>
    parent !== null &&
    (own(viewer, attachment) || (isStaffOf(viewer, attachment.companyId) && !isSaid(attachment))),
  delete: (viewer: Viewer, { attachment, parent }: AttachmentSubject) =>
    parent !== null && (own(viewer, attachment) || isManaged(viewer, attachment)),
  restore: (viewer: Viewer, { attachment, parent }: AttachmentSubject) =>
    parent !== null &&
    ((own(viewer, attachment) && !isDeletedByOther(viewer, attachment)) || isManaged(viewer, attachment)),
} satisfies Policy<Viewer, AttachmentSubject>;

/**
 * Whether the viewer may replace the file of this attachment. That they may replace the file as such has been checked.
 */
export const mayReplaceFileOf: (viewer: Viewer, attachment: Uploaded) => boolean = isTheirs;
