import { authorize } from "../../../kernel/authorize.js";
import { conflict, gone } from "../../../kernel/errors.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Database } from "../../../platform/database/client.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import { typeOfMime } from "../file-types.js";
import type { FindMediaFileDeps, FoundMediaFile } from "../find-media-file.js";
import { isExpired, lookUpMediaFile, requireMediaFile } from "../find-media-file.js";
import { fittingName } from "../ingest/receive/file-name.js";
import { recordFileEvents } from "../media-file.events.js";
import { mediaFileChangePolicy } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import { lockMediaFiles } from "../media-file.repository.js";
import { softDeleteMediaFileIfUnused } from "../media-file-deletion.js";
import { listUsagesOfFiles, listUsingTypes } from "../media-usage.repository.js";
import type { DeletedUser, FindDeletedUser } from "./deletion-ports.js";
import { refusePast } from "./expiry.js";
import { auditMediaFile } from "./media-file.audit.js";
import type { MediaFileChanges } from "./media-file-change.repository.js";
import { restoreDeletedMediaFile, updateMediaFile } from "./media-file-change.repository.js";
import { writeOnMediaFile } from "./write-on-media-file.js";

export interface MediaFileChangeDeps extends FindMediaFileDeps {
  readonly retentionDays: number;
  /** Of the modules that use files. */
  readonly findDeletedUsers: readonly FindDeletedUser[];
}

export interface MediaFileChange {
  readonly id: string;
  readonly fileName?: string | null | undefined;
  /** Null: never. */
  readonly expiresAt?: Date | null | undefined;
}

export type MediaFileChangeService = ReturnType<typeof createMediaFileChangeService>;

export const createMediaFileChangeService = (deps: MediaFileChangeDeps) => ({
  /** @throws FILE_TYPE_MISMATCH for a name that does not fit the content, BAD_USER_INPUT for an expiry in the past */
  changeMediaFile: (viewer: Viewer, change: MediaFileChange) => changeMediaFile(deps, viewer, change),

  /** Removes it from all lists; its URL answers 410. @throws CONFLICT if something uses it */
  deleteMediaFile: (viewer: Viewer, id: string) => deleteMediaFile(deps, viewer, id),

  /**
   * With its earlier versions. @throws GONE after the retention period, CONFLICT if it was deleted with what uses it
   */
  restoreMediaFile: (viewer: Viewer, id: string) => restoreMediaFile(deps, viewer, id),
});

async function changeMediaFile(
  deps: MediaFileChangeDeps,
  viewer: Viewer,
  { id, fileName, expiresAt }: MediaFileChange,
): Promise<MediaFileView> {
  const found = await requireMediaFile(deps, viewer, id, "change");
  const { file } = found;
  refusePast(expiresAt, deps.clock());
  const changes = {
    ...(fileName != null && { fileName: fittingName(fileName, typeOfMime(file.mimeType)) }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  if (Object.keys(changes).length === 0) return file;
  return writeOnMediaFile(deps, found, "change", async (tx, { file: before, viewer: by }) => {
    if (!changesAnything(before, changes)) return before;
    await updateMediaFile(tx, file.companyId, id, changes);
    recordFileEvents(tx, file.companyId, "file.updated", [id]);
    await auditMediaFile(tx, by, "updated", file, changes);
    return { ...before, ...changes, updatedAt: deps.clock() };
  });
}

const changesAnything = (before: MediaFileView, { fileName, expiresAt }: MediaFileChanges): boolean =>
  (fileName !== undefined && fileName !== before.fileName) ||
  (expiresAt !== undefined && expiresAt?.getTime() !== before.expiresAt?.getTime());

async function deleteMediaFile(
  deps: MediaFileChangeDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileView> {
  const found = await requireMediaFile(deps, viewer, id, "delete");
  return writeOnMediaFile(deps, found, "delete", async (tx, { file, viewer: by }) => {
    if (!(await softDeleteMediaFileIfUnused(tx, file.companyId, id, by.id)))
      throw await whyNotDeleted(tx, file);
    await auditMediaFile(tx, by, "deleted", file, { fileName: file.fileName });
    return { ...file, deletedAt: deps.clock() };
  });
}

/** How many usages an error names. */
const NAMED = 5;

async function whyNotDeleted(tx: Database, { companyId, id }: MediaFileView) {
  const usages = await listUsagesOfFiles(tx, [companyId], [id], NAMED + 1);
  if (usages.length === 0) return gone("file");
  const named = usages
    .slice(0, NAMED)
    .map(({ resourceType, resourceId, fieldName }) => `${resourceType} ${resourceId} (${fieldName})`);
  const more = usages.length > NAMED ? ", …" : "";
  return conflict(
    `This file is in use and stays: ${named.join(", ")}${more}. Take it away there first, then delete it.`,
    { usages: named },
  );
}

async function restoreMediaFile(
  deps: MediaFileChangeDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileView> {
  const { viewer: restorer, file } = await requireRestorable(deps, viewer, id);
  if (file.deletedAt === null) return file;
  const deletedAfter = restorableSince(deps.clock, deps.retentionDays);
  const { companyId } = file;
  const lock = (tx: Database) => lockMediaFiles(tx, [id]);
  await writeAs(deps.db, { viewer: restorer, companyId, lock }, async (tx, by) => {
    const { file: now } = await requireRestorable({ ...deps, db: tx }, by, id);
    if (now.deletedAt === null) return; // somebody else has restored it meanwhile
    for (const find of deps.findDeletedUsers) refuseToRestoreWithout(await find(tx, by, now));
    if (await restoreDeletedMediaFile(tx, companyId, id, deletedAfter)) {
      recordFileEvents(tx, companyId, "file.restored", [id]);
      return auditMediaFile(tx, by, "restored", file, { fileName: file.fileName });
    }
    if ((await listUsingTypes(tx, companyId, id)).length > 0)
      throw conflict("This file was deleted with the ticket that it is on: restore that, and it comes back.");
    throw gone("file");
  });
  return { ...file, deletedAt: null };
}

/** @throws CONFLICT, or GONE if the file is out of reach for good */
function refuseToRestoreWithout(user: DeletedUser | null): void {
  if (user === null) return;
  const { kind, id, restoredBy } = user;
  if (restoredBy === null) throw gone("file");
  throw conflict(
    `This file was deleted with the ${kind} ${id}: call \`${restoredBy}\` with its id, and the file comes back.`,
    { [`${kind}Id`]: id },
  );
}

/** Deleted or not, and not an earlier version. @throws NOT_FOUND, FORBIDDEN, GONE if it has expired */
async function requireRestorable(
  deps: FindMediaFileDeps,
  viewer: Viewer,
  id: string,
): Promise<FoundMediaFile> {
  const found = await lookUpMediaFile(deps, viewer, id);
  const current = found?.file.versionOf == null ? found : null;
  const allowed = authorize(mediaFileChangePolicy, "restore", viewer, current);
  const { file } = allowed.subject;
  if (await isExpired(deps, file)) throw gone("file");
  return { viewer: allowed.viewer, file };
}
