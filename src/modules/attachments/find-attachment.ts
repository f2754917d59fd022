import type { ActionOf } from "../../kernel/authorize.js";
import { authorize } from "../../kernel/authorize.js";
import { gone } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Actor, Viewer } from "../identity/viewer.js";
import { tenantsReachedBy } from "../identity/viewer.js";
import { isKnownTo } from "../media/unscanned.js";
import type { AttachmentSubject } from "./attachment.policy.js";
import { attachmentPolicy } from "./attachment.policy.js";
import type { AttachmentView } from "./attachment.repository.js";
import { findAttachment } from "./attachment.repository.js";
import type { AttachmentParents, ParentRef } from "./parents.js";

export interface FindAttachmentDeps {
  readonly db: Database;
  readonly parents: AttachmentParents;
}

export function parentOf({
  ticketId,
  replyId,
  messageId,
}: Pick<AttachmentView, "ticketId" | "replyId" | "messageId">): ParentRef {
  if (ticketId !== null) return { kind: "ticket", id: ticketId };
  if (replyId !== null) return { kind: "reply", id: replyId };
  if (messageId !== null) return { kind: "message", id: messageId };
  throw new Error("an attachment has a parent, by a check of its table");
}

export const isLive = ({ attachment, parent }: AttachmentSubject): boolean =>
  attachment.deletedAt === null && parent === "readable";

/** The attachment with this id in the viewer's tenants, deleted or not, with the state of its parent for the viewer. */
export async function lookUpAttachment(
  { db, parents }: FindAttachmentDeps,
  viewer: Viewer,
  id: string,
): Promise<AttachmentSubject | null> {
  const attachment = isId(id) ? await findAttachment(db, tenantsReachedBy(viewer), id) : null;
  if (attachment === null || !isKnownTo(viewer, attachment)) return null;
  const parent = parentOf(attachment);
  return { attachment, parent: (await parents.statesFor(db, viewer, [parent])).get(parent.id) ?? null };
}

export interface FoundAttachment {
  readonly viewer: Actor;
  readonly attachment: AttachmentView;
}

type AttachmentAction = ActionOf<typeof attachmentPolicy>;

/** @throws NOT_FOUND, FORBIDDEN, GONE if it or its parent is deleted */
export async function requireAttachment(
  deps: FindAttachmentDeps,
  viewer: Viewer,
  id: string,
  action: AttachmentAction,
): Promise<FoundAttachment> {
  const found = await lookUpAttachment(deps, viewer, id);
  const allowed = authorize(attachmentPolicy, action, viewer, found);
  if (!isLive(allowed.subject)) throw gone("attachment");
  return { viewer: allowed.viewer, attachment: allowed.subject.attachment };
}
