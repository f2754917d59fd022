import { readable } from "../../kernel/authorize.js";
import { gone } from "../../kernel/errors.js";
import { newId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Actor, Viewer } from "../identity/viewer.js";
import { authorshipOf, tenantsReachedBy } from "../identity/viewer.js";
import type { RecordedFile } from "../media/ingest/record.js";
import { insertUsages } from "../media/media-usage.repository.js";
import { auditAttachment } from "./attachment.audit.js";
import { attachmentPolicy } from "./attachment.policy.js";
import type { AttachmentView } from "./attachment.repository.js";
import * as repository from "./attachment.repository.js";
import { attachmentUsageOf } from "./attachment-usage.js";
import { isLive, lookUpAttachment, parentOf, requireAttachment } from "./find-attachment.js";
import type { AttachmentParents, ParentRef } from "./parents.js";
import { writeOnParent } from "./write-on-parent.js";

export interface AttachmentDeps {
  readonly db: Database;
  readonly parents: AttachmentParents;
}

/** Files to attach, in the transaction that records them. */
export interface Attaching {
  readonly viewer: Actor;
  readonly companyId: string;
  readonly parent: ParentRef;
  readonly files: readonly RecordedFile[];
  readonly description: string | null;
  /** When they were attached elsewhere, before an import; by default now. */
  readonly createdAt?: Date | null;
}

export interface AttachmentChange {
  readonly id: string;
  readonly description?: string | null | undefined;
}

export type AttachmentService = ReturnType<typeof createAttachmentService>;

export const createAttachmentService = (deps: AttachmentDeps) => ({
  /** Null if it does not exist, is deleted, or is not visible. */
  async attachment(viewer: Viewer, id: string): Promise<AttachmentView | null> {
    const subject = readable(attachmentPolicy, viewer, await lookUpAttachment(deps, viewer, id));
    return subject && isLive(subject) ? subject.attachment : null;
  },

  /** For a download. @throws NOT_FOUND, GONE */
  async requireReadable(viewer: Viewer, id: string): Promise<AttachmentView> {
    return (await requireAttachment(deps, viewer, id, "read")).attachment;
  },

  /** Reads attachments that the caller has just made, in the order of the ids. */
  async reread(viewer: Viewer, ids: readonly string[]): Promise<AttachmentView[]> {
    const rows = await repository.listAttachments(deps.db, tenantsReachedBy(viewer), ids);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  },

  /**
   * Attaches recorded files to a parent. The module of the parent has checked the permission. @throws QUOTA_EXCEEDED
   */
  attachFiles: (tx: Database, attaching: Attaching) => attachFiles(deps, tx, attaching),

  async describeAttachment(viewer: Viewer, input: AttachmentChange): Promise<AttachmentView> {
    const found = await requireAttachment(deps, viewer, input.id, "edit");
    if (input.description === undefined) return found.attachment;
    const description = input.description?.trim() || null;
    return writeOnParent(deps, found, async (tx, by) => {
      const { attachment } = await requireAttachment({ ...deps, db: tx }, by, input.id, "edit");
      const { id, companyId } = attachment;
      const updated = await repository.updateDescription(tx, companyId, id, description);
      if (updated === null) throw gone("attachment");
      await auditAttachment(tx, by, "attachment.updated", attachment);
      const event = { companyId, attachmentId: id, what: "updated" } as const;
      await deps.parents.onAttachmentChanged(tx, parentOf(attachment), event);
      return { ...attachment, ...updated };
    });
  },
});

async function attachFiles(
  { parents }: AttachmentDeps,
  tx: Database,
  { viewer, companyId, parent, files, description, createdAt = null }: Attaching,
): Promise<string[]> {
  if (files.length === 0) return [];
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const attached = files.map((file) => ({
    id: newId(),
    companyId,
    mediaFileId: file.id,
    parent,
    description,
    uploader: authorshipOf(viewer),
    ...(createdAt && { createdAt }),
  }));
  // Counting locks the parent, before all other locks; the following statements are sent together.
  await parents.countFiles(tx, parent, { files: files.length, bytes });
  await Promise.all([
    repository.insertAttachments(tx, attached),
    insertUsages(tx, attached.map(attachmentUsageOf)),
    ...attached.map((attachment) => auditAttachment(tx, viewer, "attachment.added", attachment)),
  ]);
  for (const { id } of attached)
    await parents.onAttachmentChanged(tx, parent, { companyId, attachmentId: id, what: "added" });
  return attached.map(({ id }) => id);
}
