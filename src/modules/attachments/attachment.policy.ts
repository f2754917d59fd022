import type { Policy } from "../../kernel/authorize.js";
import type { Viewer } from "../identity/viewer.js";
import { isAdmin, isStaffOf, isUser } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import type { ParentState } from "./parents.js";

/** An attachment, and what the viewer may know of its parent; null: nothing. */
export interface AttachmentSubject {
  readonly attachment: AttachmentView;
  readonly parent: ParentState | null;
}

const own = (viewer: Viewer, { attachment }: AttachmentSubject) => isUser(viewer, attachment.uploaderId);
const ownOrAdmin = (viewer: Viewer, subject: AttachmentSubject) =>
  subject.parent !== null && (own(viewer, subject) || isAdmin(viewer));

export const attachmentPolicy = {
  subject: "attachment",
  read: (_viewer: Viewer, { parent }: AttachmentSubject) => parent !== null,
  edit: (viewer: Viewer, subject: AttachmentSubject) =>
    subject.parent !== null && (own(viewer, subject) || isStaffOf(viewer, subject.attachment.companyId)),
  delete: ownOrAdmin,
  restore: ownOrAdmin,
} satisfies Policy<Viewer, AttachmentSubject>;
