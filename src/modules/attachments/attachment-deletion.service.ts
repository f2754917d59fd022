import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { gone } from "../../kernel/errors.js";
import { restorableSince } from "../../kernel/retention.js";
import type { Database } from "../../platform/database/client.js";
import type { Actor, Viewer } from "../identity/viewer.js";
import { softDeleteUnusedMediaFiles } from "../media/media-file.repository.js";
import { restoreMediaFile, softDeleteMediaFileIfUnused } from "../media/media-file-deletion.js";
import { deleteUsage, insertUsages } from "../media/media-usage.repository.js";
import { auditAttachment } from "./attachment.audit.js";
import { attachmentPolicy } from "./attachment.policy.js";
import type { AttachmentView } from "./attachment.repository.js";
import * as repository from "./attachment.repository.js";
import { attachmentUsageOf } from "./attachment-usage.js";
import type { FindAttachmentDeps, FoundAttachment } from "./find-attachment.js";
import { lookUpAttachment, parentOf, requireAttachment } from "./find-attachment.js";
import type { AttachmentEvent, AttachmentParents, ParentRef } from "./parents.js";
import { writeOnParent } from "./write-on-parent.js";

export interface AttachmentDeletionDeps {
  readonly db: Database;
  readonly parents: AttachmentParents;
  readonly clock: Clock;
  readonly retentionDays: number;
}

/** A parent and its company. */
export interface OwnedParent {
  readonly companyId: string;
  readonly parent: ParentRef;
}

export type AttachmentDeletionService = ReturnType<typeof createAttachmentDeletionService>;

export const createAttachmentDeletionService = (deps: AttachmentDeletionDeps) => ({
  /** Removes it from all lists; its URL answers 410. */
  deleteAttachment: (viewer: Viewer, id: string) => deleteAttachment(deps, viewer, id),

  /** @throws GONE after the retention period, QUOTA_EXCEEDED if the parent has no room left */
  restoreAttachment: (viewer: Viewer, id: string) => restoreAttachment(deps, viewer, id),

  /** Soft-deletes all attachments of a parent that is being deleted, under its lock. */
  softDeleteAllOf: (tx: Database, by: Actor, parent: OwnedParent) => softDeleteAllOf(deps, tx, by, parent),

  /**
   * Restores the attachments that were deleted with their parent, which has just been restored, under its lock; those
   * that were deleted before it stay deleted.
   *
   * @param deletedAt when the parent was deleted
   * @throws QUOTA_EXCEEDED if it has no room for them, GONE if one has been purged
   */
  restoreAllOf: (tx: Database, by: Actor, parent: OwnedParent, deletedAt: Date) =>
    restoreAllOf(deps, tx, { by, deletedAt, ...parent }),

  /**
   * Purges all attachments of a parent that is being purged; their files become due for the purge of files.
   *
   * @returns the ids of the files
   */
  purgeAllOf: (tx: Database, parent: OwnedParent, deletedBefore: Date): Promise<string[]> =>
    purgeAllOf(tx, parent, deletedBefore),

  /** The ids of a parent's live attachments. */
  listLiveOf: async ({ companyId, parent }: OwnedParent): Promise<string[]> =>
    (await repository.listLiveOfParent(deps.db, companyId, parent)).map(({ id }) => id),

  /** Purges attachments that were deleted before a moment; their files are purged by the media module. */
  purgeDeleted: (deletedBefore: Date): Promise<void> => repository.purgeAttachments(deps.db, deletedBefore),
});

async function deleteAttachment(
  deps: AttachmentDeletionDeps,
  viewer: Viewer,
  id: string,
): Promise<AttachmentView> {
  const found = await requireAttachment(deps, viewer, id, "delete");
  return writeOnParent(deps, found, async (tx, by) => {
    const { attachment } = await requireAttachment({ ...deps, db: tx }, by, id, "delete");
    const deleted = await softDeleteOne(deps, tx, by, attachment);
    if (deleted === null) throw gone("attachment");
    await recordEvents(deps, tx, attachment, "deleted");
    return { ...attachment, ...deleted };
  });
}

const recordEvents = (
  { parents }: AttachmentDeletionDeps,
  tx: Database,
  attachment: AttachmentView,
  what: AttachmentEvent["what"],
): Promise<void> => {
  const { id: attachmentId, companyId } = attachment;
  return parents.onAttachmentChanged(tx, parentOf(attachment), { companyId, attachmentId, what });
};

/**
 * @param attachment read under the lock of its parent, where its file cannot be replaced
 * @returns null if it was deleted already
 */
async function softDeleteOne(
  { parents }: AttachmentDeletionDeps,
  tx: Database,
  by: Actor,
  attachment: AttachmentView,
): Promise<repository.AttachmentChanges | null> {
  const { id, companyId, mediaFileId, size } = attachment;
  const deleted = await repository.softDeleteAttachment(tx, companyId, id, by.id);
  if (deleted === null) return null;
  await parents.countFiles(tx, parentOf(attachment), { files: -1, bytes: -size });
  await deleteUsage(tx, attachmentUsageOf(attachment));
  await softDeleteMediaFileIfUnused(tx, companyId, mediaFileId, by.id);
  await auditAttachment(tx, by, "attachment.deleted", attachment);
  return deleted;
}

async function softDeleteAllOf(
  deps: AttachmentDeletionDeps,
  tx: Database,
  by: Actor,
  { companyId, parent }: OwnedParent,
): Promise<void> {
  for (const attachment of byFile(await repository.listLiveOfParent(tx, companyId, parent)))
    await softDeleteOne(deps, tx, by, attachment);
}

/** In the order of their files, so that transactions that lock several files do not deadlock. */
const byFile = (attachments: readonly AttachmentView[]): AttachmentView[] =>
  attachments.toSorted((a, b) => (a.mediaFileId < b.mediaFileId ? -1 : 1));

interface RestoredParent extends OwnedParent {
  readonly by: Actor;
  readonly deletedAt: Date;
}

async function restoreAllOf(
  deps: AttachmentDeletionDeps,
  tx: Database,
  { by, deletedAt, companyId, parent }: RestoredParent,
): Promise<void> {
  for (const attachment of byFile(await repository.listDeletedWithParent(tx, companyId, parent, deletedAt)))
    await restoreOne(deps, tx, by, attachment);
}

/** @throws GONE after the retention period, QUOTA_EXCEEDED if the parent has no room left */
async function restoreOne(
  { parents, clock, retentionDays }: AttachmentDeletionDeps,
  tx: Database,
  by: Actor,
  attachment: AttachmentView,
): Promise<repository.AttachmentChanges> {
  const { id, companyId, mediaFileId, size } = attachment;
  const deletedAfter = restorableSince(clock, retentionDays);
  // Before it is there: a parent may count its files.
  await parents.countFiles(tx, parentOf(attachment), { files: 1, bytes: size });
  const restored = await repository.restoreAttachment(tx, companyId, id, deletedAfter);
  if (restored === null) throw gone("attachment");
  if (!(await restoreMediaFile(tx, by, companyId, mediaFileId))) throw gone("attachment");
  await insertUsages(tx, [attachmentUsageOf(attachment)]);
  await auditAttachment(tx, by, "attachment.restored", attachment);
  return restored;
}

async function purgeAllOf(
  tx: Database,
  { companyId, parent }: OwnedParent,
  deletedBefore: Date,
): Promise<string[]> {
  const purged = await repository.purgeAttachmentsOfParent(tx, companyId, parent);
  for (const attachment of purged) await deleteUsage(tx, attachmentUsageOf(attachment));
  const due = new Date(deletedBefore.getTime() - 1);
  const mediaFileIds = purged.map(({ mediaFileId }) => mediaFileId);
  await softDeleteUnusedMediaFiles(tx, companyId, mediaFileIds, due);
  return mediaFileIds;
}

async function restoreAttachment(
  deps: AttachmentDeletionDeps,
  viewer: Viewer,
  id: string,
): Promise<AttachmentView> {
  const found = await requireRestorable(deps, viewer, id);
  if (found.attachment.deletedAt === null) return found.attachment;
  return writeOnParent(deps, found, async (tx, by) => {
    const { attachment } = await requireRestorable({ ...deps, db: tx }, by, id);
    if (attachment.deletedAt === null) return attachment; // somebody else has restored it meanwhile
    const restored = await restoreOne(deps, tx, by, attachment);
    await recordEvents(deps, tx, attachment, "restored");
    return { ...attachment, ...restored };
  });
}

/** An attachment that the viewer may restore, deleted or not. @throws GONE if its parent is deleted */
async function requireRestorable(
  deps: FindAttachmentDeps,
  viewer: Viewer,
  id: string,
): Promise<FoundAttachment> {
  const found = await lookUpAttachment(deps, viewer, id);
  const allowed = authorize(attachmentPolicy, "restore", viewer, found);
  const { attachment, parent } = allowed.subject;
  if (parent === "deleted") throw gone(parentOf(attachment).kind);
  return { viewer: allowed.viewer, attachment };
}
