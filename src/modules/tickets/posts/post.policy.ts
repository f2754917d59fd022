import type { Policy } from "../../../kernel/authorize.js";
import type { Viewer } from "../../identity/viewer.js";
import { isDeletedByOther, isManagerOf, isStaffOf, isUser } from "../../identity/viewer.js";
import type { TicketSubject } from "../ticket.policy.js";
import { ticketPolicy } from "../ticket.policy.js";
import type { PostRow } from "./post.tables.js";

/** A photo, a series or a clip, and the ticket that it is posted on. */
export interface PostSubject {
  readonly post: Pick<PostRow, "authorId" | "deletedAt" | "deletedBy">;
  readonly ticket: TicketSubject;
}

/** Posts are for all who may read their ticket; none is internal. Posting is `attach` of the ticket. */
const read = (viewer: Viewer, { ticket }: PostSubject) => ticketPolicy.read(viewer, ticket);
const own = (viewer: Viewer, subject: PostSubject) =>
  read(viewer, subject) && isUser(viewer, subject.post.authorId);
/** The same rule as for descriptions of attachments. */
const change = (viewer: Viewer, subject: PostSubject) =>
  own(viewer, subject) || isStaffOf(viewer, subject.ticket.companyId);
/** The same rule as for deleting replies. */
const ownOrManager = (viewer: Viewer, subject: PostSubject) =>
  own(viewer, subject) || isManagerOf(viewer, subject.ticket.companyId);

export const postPolicy = {
  subject: "post",
  viewers: ["user"],
  read,
  change,
  /** Also requires the right to attach files to the ticket. */
  addTo: (viewer: Viewer, subject: PostSubject) =>
    change(viewer, subject) && ticketPolicy.attach(viewer, subject.ticket),
  /** Its description. */
  edit: ownOrManager,
  removeFrom: ownOrManager,
  delete: ownOrManager,
  restore: (viewer: Viewer, subject: PostSubject) =>
    (own(viewer, subject) && !isDeletedByOther(viewer, subject.post)) ||
    isManagerOf(viewer, subject.ticket.companyId),
} satisfies Policy<Viewer, PostSubject>;
