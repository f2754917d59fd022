import { authorize } from "../../../kernel/authorize.js";
import { badUserInput, gone } from "../../../kernel/errors.js";
import type { UserViewer, Viewer } from "../../identity/viewer.js";
import { refuseOfOnePurpose } from "../buckets-of-one-purpose.js";
import type { MediaFileFinding } from "../find-media-file.js";
import { lookUpMediaFile, requireMediaFile } from "../find-media-file.js";
import { isInside, looksInside } from "../inside-usages.js";
import { mediaFilePolicy } from "../media-file.policy.js";
import type { MediaUsageView } from "../media-usage.repository.js";
import { deleteUsage, findUsage, insertUsages, lockMediaFileForUse } from "../media-usage.repository.js";
import { deleteSuspendedMediaFile } from "../suspended-usage.repository.js";
import { auditMediaFile } from "./audit-media-file.js";
import { updateMediaFile } from "./media-file-change.repository.js";

/** Where a resource outside of Filedesk uses a file. */
export interface OutsideUsage {
  readonly mediaFileId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly fieldName: string;
}

export type MediaUsageService = ReturnType<typeof createMediaUsageService>;

/** What resources outside of Filedesk say of the files that they use. Said twice is said once. */
export const createMediaUsageService = (deps: MediaFileFinding) => ({
  /** From now on the file is neither deleted nor an orphan. @throws BAD_USER_INPUT for a resource of the inside, or a file of one purpose; GONE */
  async addUsage(viewer: Viewer, input: OutsideUsage): Promise<MediaUsageView> {
    const { file, viewer: by } = await requireMediaFile(deps, viewer, input.mediaFileId, "sayWhereItIsUsed");
    if (looksInside(input.resourceType)) throw ofTheInside(input.resourceType);
    refuseOfOnePurpose(file, "mediaFileId");
    const usage = { ...input, companyId: file.companyId };
    return deps.db.transaction(async (tx) => {
      if (!(await lockMediaFileForUse(tx, file.companyId, file.id))) throw gone("file");
      const known = await findUsage(tx, usage);
      if (known) return known;
      await insertUsages(tx, [usage]);
      await auditMediaFile(tx, by, "usage-added", file, where(usage));
      return (await findUsage(tx, usage)) ?? { ...usage, createdAt: deps.clock() };
    });
  },

  /** Of a deleted file as well. @throws BAD_USER_INPUT for a resource of the inside */
  async removeUsage(viewer: Viewer, input: OutsideUsage): Promise<MediaUsageView> {
    const found = await lookUpMediaFile(deps, viewer, input.mediaFileId);
    authorize(mediaFilePolicy, "sayWhereItIsUsed", viewer, found);
    if (isInside(input.resourceType)) throw ofTheInside(input.resourceType);
    const { file } = found;
    const usage = { ...input, companyId: file.companyId };
    return deps.db.transaction(async (tx) => {
      const known = await findUsage(tx, usage);
      if (await deleteUsage(tx, usage)) {
        // It has been in use until now: an orphan's age counts from here.
        await updateMediaFile(tx, file.companyId, file.id, {});
        await deleteSuspendedMediaFile(tx, file.companyId, file.id, (viewer as UserViewer).id);
        await auditMediaFile(tx, viewer as UserViewer, "usage-removed", file, where(usage));
      }
      return known ?? { ...usage, createdAt: deps.clock() };
    });
  },
});

const ofTheInside = (resourceType: string) =>
  badUserInput(
    `"${resourceType}" is, or looks like, a resource of Filedesk, which writes down its usages by itself. Name one of your own, such as "page" or "course".`,
    { field: "resourceType" },
  );

const where = ({ resourceType, resourceId, fieldName }: OutsideUsage) => ({
  resourceType,
  resourceId,
  fieldName,
});
