import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import { gone } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "../identity/audit.repository.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { MediaUsage } from "../media/media-file.repository.js";
import {
  deleteMediaFileIfUnused,
  deleteUsage,
  insertUsages,
  restoreMediaFile,
} from "../media/media-file.repository.js";
import type { RecordedFile } from "../media/record.js";
import type { AttachmentSubject } from "./attachment.policy.js";
import { attachmentPolicy } from "./attachment.policy.js";
import type { AttachmentView } from "./attachment.repository.js";
import * as repository from "./attachment.repository.js";
import type { AttachmentParents, ParentRef } from "./parents.js";

export interface AttachmentDeps {
  readonly db: Database;
  readonly parents: AttachmentParents;
  readonly clock: Clock;
  readonly retentionDays: number;
}

/** Files that are being attached, in the transaction that records them. */
export interface Attaching {
  readonly viewer: UserViewer;
  readonly companyId: string;
  readonly parent: ParentRef;
  readonly files: readonly RecordedFile[];
  readonly description: string | null;
}

export type AttachmentService = ReturnType<typeof createAttachmentService>;

export function createAttachmentService(deps: AttachmentDeps) {
  const { db, parents } = deps;
  return {
    /** Null when it does not exist, is deleted, or may not be seen. */
    async attachment(viewer: Viewer, id: string): Promise<AttachmentView | null> {
      const subject = await findSubject(deps, viewer, id);
      const visible = subject !== null && attachmentPolicy.read(viewer, subject) && isLive(subject);
      return visible ? subject.attachment : null;
    },

    /** For a download. @throws NOT_FOUND, GONE */
    async requireReadable(viewer: Viewer, id: string): Promise<AttachmentView> {
      return (await requireLive(deps, viewer, id, "read")).attachment;
    },

    /** The attachments with these ids, which the caller has just made or changed, in their order. */
    async reread(viewer: Viewer, ids: readonly string[]): Promise<AttachmentView[]> {
      const rows = new Map(
        (await repository.listAttachments(db, tenantsOf(viewer), ids)).map((row) => [row.id, row]),
      );
      return ids.flatMap((id) => rows.get(id) ?? []);
    },

    /** Attaches recorded files to a parent; whether the viewer may, its module has decided. @throws QUOTA_EXCEEDED */
    async attachFiles(
      tx: Database,
      { viewer, companyId, parent, files, description }: Attaching,
    ): Promise<string[]> {
      if (files.length === 0) return [];
      const bytes = files.reduce((sum, file) => sum + file.size, 0);
      await parents.countFiles(tx, parent, { files: files.length, bytes });
      const rows = files.map((file) => ({
        companyId,
        mediaFileId: file.id,
        parent,
        description,
        uploaderId: viewer.id,
      }));
      const ids = await repository.insertAttachments(tx, rows);
      await insertUsages(
        tx,
        files.map((file, index) => usageOf(companyId, file.id, ids[index] ?? "")),
      );
      for (const id of ids) await audit(tx, viewer, "attachment.added", { id, companyId });
      return ids;
    },

    async describeAttachment(
      viewer: Viewer,
      input: { id: string; description?: string | null },
    ): Promise<AttachmentView> {
      const { attachment } = await requireLive(deps, viewer, input.id, "edit");
      if (input.description === undefined) return attachment;
      const description = input.description?.trim() || null;
      await repository.updateDescription(db, attachment.companyId, attachment.id, description);
      return { ...attachment, description, updatedAt: deps.clock() };
    },

    /** From now on it is in no list, and its URL answers 410. */
    async deleteAttachment(viewer: Viewer, id: string): Promise<AttachmentView> {
      const { attachment } = await requireLive(deps, viewer, id, "delete");
      const by = viewer as UserViewer;
      const { companyId, mediaFileId, size } = attachment;
      await db.transaction(async (tx) => {
        await parents.countFiles(tx, parentOf(attachment), { files: -1, bytes: -size });
        if (!(await repository.deleteAttachment(tx, companyId, id, by.id))) throw gone("attachment");
        await deleteUsage(tx, usageOf(companyId, mediaFileId, id));
        await deleteMediaFileIfUnused(tx, companyId, mediaFileId, by.id);
        await audit(tx, by, "attachment.deleted", attachment);
      });
      return { ...attachment, deletedAt: deps.clock() };
    },

    /** @throws GONE when its time is over, QUOTA_EXCEEDED when its place has been taken */
    async restoreAttachment(viewer: Viewer, id: string): Promise<AttachmentView> {
      const subject = await findSubject(deps, viewer, id);
      authorize(attachmentPolicy, "restore", viewer, subject);
      const { attachment } = subject;
      if (subject.parent === "deleted") throw gone(parentOf(attachment).kind);
      if (attachment.deletedAt === null) return attachment;
      const by = viewer as UserViewer;
      const deletedAfter = new Date(deps.clock().getTime() - deps.retentionDays * DAY_MS);
      const { companyId, mediaFileId, size } = attachment;
      await db.transaction(async (tx) => {
        await parents.countFiles(tx, parentOf(attachment), { files: 1, bytes: size });
        if (!(await repository.restoreAttachment(tx, companyId, id, deletedAfter))) throw gone("attachment");
        if (!(await restoreMediaFile(tx, companyId, mediaFileId))) throw gone("attachment");
        await insertUsages(tx, [usageOf(companyId, mediaFileId, id)]);
        await audit(tx, by, "attachment.restored", attachment);
      });
      return { ...attachment, deletedAt: null };
    },

    /** Removes the rows of attachments that were deleted before a moment; their files are the media module's. */
    purgeDeleted: (deletedBefore: Date): Promise<void> =>
      repository.deleteAttachmentsForGood(db, deletedBefore),
  };
}

export const parentOf = (attachment: AttachmentView): ParentRef =>
  attachment.ticketId !== null
    ? { kind: "ticket", id: attachment.ticketId }
    : { kind: "reply", id: attachment.replyId ?? "" };

const isLive = ({ attachment, parent }: AttachmentSubject) =>
  attachment.deletedAt === null && parent === "readable";

async function findSubject(
  { db, parents }: AttachmentDeps,
  viewer: Viewer,
  id: string,
): Promise<AttachmentSubject | null> {
  const attachment = isId(id) ? await repository.findAttachment(db, tenantsOf(viewer), id) : null;
  if (attachment === null) return null;
  const parent = parentOf(attachment);
  return { attachment, parent: (await parents.statesFor(viewer, [parent])).get(parent.id) ?? null };
}

async function requireLive(
  deps: AttachmentDeps,
  viewer: Viewer,
  id: string,
  action: "read" | "edit" | "delete",
) {
  const subject = await findSubject(deps, viewer, id);
  authorize(attachmentPolicy, action, viewer, subject);
  if (!isLive(subject)) throw gone("attachment");
  return subject;
}

const usageOf = (companyId: string, mediaFileId: string, attachmentId: string): MediaUsage => ({
  companyId,
  mediaFileId,
  resourceType: "attachment",
  resourceId: attachmentId,
  fieldName: "file",
});

const audit = (
  tx: Database,
  viewer: UserViewer,
  action: string,
  attachment: { id: string; companyId: string },
) =>
  insertAuditEntry(tx, {
    companyId: attachment.companyId,
    actorId: viewer.id,
    action,
    subjectType: "attachment",
    subjectId: attachment.id,
  });
