import { authorize } from "../../../kernel/authorize.js";
import { badUserInput, conflict } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import type { FindMediaFileDeps, FoundMediaFile } from "../find-media-file.js";
import { lookUpMediaFile } from "../find-media-file.js";
import { resemblesInternalUsage } from "../internal-usages.js";
import { recordFileEvents } from "../media-file.events.js";
import { mediaFileChangePolicy } from "../media-file.policy.js";
import { lockMediaFiles } from "../media-file.repository.js";
import type { MediaUsage, MediaUsageView } from "../media-usage.repository.js";
import { deleteUsage, findUsage, insertUsages } from "../media-usage.repository.js";
import { softDeleteIfSuspended } from "../suspend-usages.js";
import { auditMediaFile } from "./media-file.audit.js";
import { updateMediaFile } from "./media-file-change.repository.js";
import { listOtherUsagesOfField, lockResourceField } from "./resource-usage.repository.js";

/** A field of a resource of an external application. */
export interface ResourceField {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly fieldName: string;
}

/** A usage that is declared together with its file. */
export interface NewUsage extends ResourceField {
  /** Whether it takes the place of all other files that the field uses. */
  readonly replace?: boolean | null | undefined;
}

/** @throws BAD_USER_INPUT for a resource type of Filedesk */
export function refuseInternalResource({ resourceType }: ResourceField): void {
  if (resemblesInternalUsage(resourceType)) throw internalResource(resourceType);
}

export const internalResource = (resourceType: string) =>
  badUserInput(
    `"${resourceType}" is, or looks like, a resource of Filedesk, which writes down its usages by itself. Name one of your own, such as "page" or "course".`,
    { field: "resourceType" },
  );

/** A field with more files is a gallery, which is not replaced by accident. */
const MOST_REPLACED = 100;

/**
 * Locks what a usage that replaces others changes, before anything else that concerns its file is locked: the field,
 * then all files in the common order.
 *
 * @returns the usages that it takes the place of
 * @throws CONFLICT if they are too many to be replaced
 */
export async function lockReplacedUsages(tx: Database, usage: MediaUsage): Promise<readonly MediaUsage[]> {
  await lockResourceField(tx, usage);
  const replaced = await listOtherUsagesOfField(tx, usage, MOST_REPLACED + 1);
  if (replaced.length > MOST_REPLACED)
    throw conflict(
      `The field ${usage.fieldName} uses more than ${MOST_REPLACED} files, which are not replaced at once. Remove their usages with removeMediaUsage first.`,
      { limit: MOST_REPLACED },
    );
  await lockMediaFiles(tx, [usage.mediaFileId, ...replaced.map(({ mediaFileId }) => mediaFileId)]);
  return replaced;
}

/**
 * Registers a usage, under the lock of its file, and removes those that it takes the place of, under theirs.
 *
 * @param deps with the transaction
 * @throws NOT_FOUND, FORBIDDEN if the viewer may not remove those
 */
export async function declareUsage(
  deps: FindMediaFileDeps,
  by: Identified,
  { usage, replaced }: { readonly usage: MediaUsage; readonly replaced: readonly MediaUsage[] },
): Promise<MediaUsageView> {
  const { db: tx } = deps;
  for (const former of replaced) {
    await requireUsed(deps, by, former.mediaFileId);
    await removeUsage(tx, by, former);
  }
  const known = await findUsage(tx, usage);
  if (known) return known;
  const { companyId, mediaFileId: id } = usage;
  await insertUsages(tx, [usage]);
  recordFileEvents(tx, companyId, "file.updated", [id]);
  await auditMediaFile(tx, by, "usage-added", { id, companyId }, where(usage));
  return (await findUsage(tx, usage)) ?? { ...usage, createdAt: deps.clock() };
}

/** Removes a usage, under the lock of its file. Nothing happens if it has been removed already. */
export async function removeUsage(tx: Database, by: Identified, usage: MediaUsage): Promise<void> {
  const { companyId, mediaFileId: id } = usage;
  if (!(await deleteUsage(tx, usage))) return;
  // The age of an orphan counts from its last usage.
  await updateMediaFile(tx, companyId, id, {});
  await softDeleteIfSuspended(tx, companyId, id, by.id);
  recordFileEvents(tx, companyId, "file.updated", [id]);
  await auditMediaFile(tx, by, "usage-removed", { id, companyId }, where(usage));
}

/** A file whose usages the viewer may change, deleted or not. @throws NOT_FOUND, FORBIDDEN */
export async function requireUsed(
  deps: FindMediaFileDeps,
  viewer: Viewer,
  id: string,
): Promise<FoundMediaFile> {
  const found = await lookUpMediaFile(deps, viewer, id);
  const allowed = authorize(mediaFileChangePolicy, "sayWhereItIsUsed", viewer, found);
  return { viewer: allowed.viewer, file: allowed.subject.file };
}

const where = ({ resourceType, resourceId, fieldName }: ResourceField) => ({
  resourceType,
  resourceId,
  fieldName,
});
