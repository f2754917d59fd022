import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import { gone } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import {
  deleteMediaFileIfUnused,
  deleteUsage,
  insertUsages,
  restoreMediaFile,
} from "../media/media-file.repository.js";
import { attachmentPolicy } from "./attachment.policy.js";
import type { AttachmentView } from "./attachment.repository.js";
import * as repository from "./attachment.repository.js";
import { auditAttachment, usageOf } from "./attachment-trail.js";
import { lookUpAttachment, parentOf, requireAttachment } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

export interface AttachmentDeletionDeps {
  readonly db: Database;
  readonly parents: AttachmentParents;
  readonly clock: Clock;
  readonly retentionDays: number;
}

export type AttachmentDeletionService = ReturnType<typeof createAttachmentDeletionService>;

export const createAttachmentDeletionService = (deps: AttachmentDeletionDeps) => ({
  /** From now on it is in no list, and its URL answers 410. */
  deleteAttachment: (viewer: Viewer, id: string) => deleteAttachment(deps, viewer, id),

  /** @throws GONE when its time is over, QUOTA_EXCEEDED when its place has been taken */
  restoreAttachment: (viewer: Viewer, id: string) => restoreAttachment(deps, viewer, id),

  /** Removes the rows of attachments that were deleted before a moment; their files are the media module's. */
  purgeDeleted: (deletedBefore: Date): Promise<void> =>
    repository.deleteAttachmentsForGood(deps.db, deletedBefore),
});

async function deleteAttachment(
  deps: AttachmentDeletionDeps,
  viewer: Viewer,
  id: string,
): Promise<AttachmentView> {
  const { attachment, viewer: by } = await requireAttachment(deps, viewer, id, "delete");
  const { companyId, mediaFileId, size } = attachment;
  await deps.db.transaction(async (tx) => {
    // The row first: of two that delete it at once, one waits here and then counts nothing.
    if (!(await repository.deleteAttachment(tx, companyId, id, by.id))) throw gone("attachment");
    await deps.parents.countFiles(tx, parentOf(attachment), { files: -1, bytes: -size });
    await deleteUsage(tx, usageOf(attachment));
    await deleteMediaFileIfUnused(tx, companyId, mediaFileId, by.id);
    await auditAttachment(tx, by, "attachment.deleted", attachment);
  });
  return { ...attachment, deletedAt: deps.clock() };
}

async function restoreAttachment(
  deps: AttachmentDeletionDeps,
  viewer: Viewer,
  id: string,
): Promise<AttachmentView> {
  const subject = await lookUpAttachment(deps, viewer, id);
  authorize(attachmentPolicy, "restore", viewer, subject);
  const { attachment, parent } = subject;
  if (parent === "deleted") throw gone(parentOf(attachment).kind);
  if (attachment.deletedAt === null) return attachment;
  const deletedAfter = new Date(deps.clock().getTime() - deps.retentionDays * DAY_MS);
  const { companyId, mediaFileId, size } = attachment;
  await deps.db.transaction(async (tx) => {
    if (!(await repository.restoreAttachment(tx, companyId, id, deletedAfter))) throw gone("attachment");
    await deps.parents.countFiles(tx, parentOf(attachment), { files: 1, bytes: size });
    if (!(await restoreMediaFile(tx, companyId, mediaFileId))) throw gone("attachment");
    await insertUsages(tx, [usageOf(attachment)]);
    await auditAttachment(tx, viewer as UserViewer, "attachment.restored", attachment);
  });
  return { ...attachment, deletedAt: null };
}
