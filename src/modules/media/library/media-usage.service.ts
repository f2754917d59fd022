import { authorize } from "../../../kernel/authorize.js";
import { badUserInput, gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import type { FindMediaFileDeps, FoundMediaFile } from "../find-media-file.js";
import { lookUpMediaFile, requireMediaFile } from "../find-media-file.js";
import { isInternalUsage, resemblesInternalUsage } from "../internal-usages.js";
import { recordFileEvents } from "../media-file.events.js";
import { mediaFileChangePolicy } from "../media-file.policy.js";
import { lockMediaFiles } from "../media-file.repository.js";
import type { MediaUsageView } from "../media-usage.repository.js";
import { deleteUsage, findUsage, insertUsages, lockMediaFileForUse } from "../media-usage.repository.js";
import { refuseSinglePurpose } from "../single-purpose-buckets.js";
import { softDeleteIfSuspended } from "../suspend-usages.js";
import { auditMediaFile } from "./media-file.audit.js";
import { updateMediaFile } from "./media-file-change.repository.js";

/** A usage of a file by a resource of an external application. */
export interface ExternalUsage {
  readonly mediaFileId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly fieldName: string;
}

export type MediaUsageService = ReturnType<typeof createMediaUsageService>;

/** Usages by external applications. Both operations are idempotent. */
export const createMediaUsageService = (deps: FindMediaFileDeps) => ({
  /**
   * The file cannot be deleted and is not an orphan as long as it has the usage. @throws BAD_USER_INPUT for a resource
   * type of Filedesk, or a file of a single-purpose bucket; GONE
   */
  async addUsage(viewer: Viewer, input: ExternalUsage): Promise<MediaUsageView> {
    const found = await requireMediaFile(deps, viewer, input.mediaFileId, "sayWhereItIsUsed");
    if (resemblesInternalUsage(input.resourceType)) throw internalResource(input.resourceType);
    refuseSinglePurpose(found.file, "mediaFileId");
    const { id, companyId } = found.file;
    const usage = { ...input, companyId };
    const lock = (tx: Database) => lockMediaFileForUse(tx, companyId, id);
    return writeAs(deps.db, { viewer: found.viewer, companyId, lock }, async (tx, by, isThere) => {
      const { file } = await requireMediaFile({ ...deps, db: tx }, by, id, "sayWhereItIsUsed");
      if (!isThere) throw gone("file");
      const known = await findUsage(tx, usage);
      if (known) return known;
      await insertUsages(tx, [usage]);
      recordFileEvents(tx, companyId, "file.updated", [id]);
      await auditMediaFile(tx, by, "usage-added", file, where(usage));
      return (await findUsage(tx, usage)) ?? { ...usage, createdAt: deps.clock() };
    });
  },

  /** Of deleted files as well. @throws BAD_USER_INPUT for a resource type of Filedesk */
  async removeUsage(viewer: Viewer, input: ExternalUsage): Promise<MediaUsageView> {
    const found = await requireUsed(deps, viewer, input.mediaFileId);
    const { id, companyId } = found.file;
    if (isInternalUsage(input.resourceType)) throw internalResource(input.resourceType);
    const usage = { ...input, companyId };
    const lock = (tx: Database) => lockMediaFiles(tx, [id]);
    return writeAs(deps.db, { viewer: found.viewer, companyId, lock }, async (tx, by) => {
      const { file } = await requireUsed({ ...deps, db: tx }, by, id);
      const known = await findUsage(tx, usage);
      if (await deleteUsage(tx, usage)) {
        // The age of an orphan counts from its last usage.
        await updateMediaFile(tx, companyId, id, {});
        await softDeleteIfSuspended(tx, companyId, id, by.id);
        recordFileEvents(tx, companyId, "file.updated", [id]);
        await auditMediaFile(tx, by, "usage-removed", file, where(usage));
      }
      return known ?? { ...usage, createdAt: deps.clock() };
    });
  },
});

/** Deleted or not. @throws NOT_FOUND, FORBIDDEN */
async function requireUsed(deps: FindMediaFileDeps, viewer: Viewer, id: string): Promise<FoundMediaFile> {
  const found = await lookUpMediaFile(deps, viewer, id);
  const allowed = authorize(mediaFileChangePolicy, "sayWhereItIsUsed", viewer, found);
  return { viewer: allowed.viewer, file: allowed.subject.file };
}

const internalResource = (resourceType: string) =>
  badUserInput(
    `"${resourceType}" is, or looks like, a resource of Filedesk, which writes down its usages by itself. Name one of your own, such as "page" or "course".`,
    { field: "resourceType" },
  );

const where = ({ resourceType, resourceId, fieldName }: ExternalUsage) => ({
  resourceType,
  resourceId,
  fieldName,
});
