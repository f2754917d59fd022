import type { ActionOf } from "../../kernel/authorize.js";
import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { gone } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Identified, Viewer } from "../identity/viewer.js";
import { tenantsReachedBy } from "../identity/viewer.js";
import type { DecideAccess } from "./access-decisions.js";
import { isInternalUsage } from "./internal-usages.js";
import type { MediaFileSubject } from "./media-file.policy.js";
import { mediaFileChangePolicy, mediaFilePolicy } from "./media-file.policy.js";
import type { MediaFileView } from "./media-file.repository.js";
import { findMediaFile } from "./media-file.repository.js";
import { listUsingTypes } from "./media-usage.repository.js";

export interface FindMediaFileDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** The decision of the modules that use media files. */
  readonly decideAccess: DecideAccess;
  /** A file of another tenant that the viewer may read, such as the avatar of a colleague. */
  readonly findShared: (db: Database, viewer: Viewer, mediaFileId: string) => Promise<MediaFileView | null>;
}

/** What is done to a file. */
export type MediaFileAction = Exclude<ActionOf<typeof mediaFileChangePolicy>, "read">;

/** The file with this id in the viewer's tenants, deleted or not, with the decision of the modules that use it. */
export async function lookUpMediaFile(
  deps: FindMediaFileDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileSubject | null> {
  const file = isId(id)
    ? ((await findMediaFile(deps.db, tenantsReachedBy(viewer), id)) ??
      (await deps.findShared(deps.db, viewer, id)))
    : null;
  return file && { file, decision: await decisionOn(deps, viewer, file) };
}

/** None for a file that was deleted where it was used but still exists: it is unused now, or an external application uses it. */
async function decisionOn({ db, decideAccess }: FindMediaFileDeps, viewer: Viewer, file: MediaFileView) {
  const decision = await decideAccess(db, viewer, file.id);
  if (decision !== "deleted" || file.deletedAt !== null) return decision;
  const types = await listUsingTypes(db, file.companyId, file.id);
  return types.length > 0 && types.every(isInternalUsage) ? decision : null;
}

/** Whether a file has expired. A file in use never does. */
export async function isExpired(
  { db, clock }: Pick<FindMediaFileDeps, "db" | "clock">,
  file: MediaFileView,
): Promise<boolean> {
  if (file.expiresAt === null || file.expiresAt > clock()) return false;
  return (await listUsingTypes(db, file.companyId, file.id)).length === 0;
}

export const isLive = async (deps: FindMediaFileDeps, { file, decision }: MediaFileSubject) =>
  file.deletedAt === null && decision !== "deleted" && !(await isExpired(deps, file));

export interface FoundMediaFile {
  readonly viewer: Identified;
  readonly file: MediaFileView;
}

/** A file that is not deleted, has not expired and is not an earlier version. @throws NOT_FOUND, FORBIDDEN, GONE */
export async function requireMediaFile(
  deps: FindMediaFileDeps,
  viewer: Viewer,
  id: string,
  action: MediaFileAction,
): Promise<FoundMediaFile> {
  const found = await lookUpMediaFile(deps, viewer, id);
  const current = found?.file.versionOf == null ? found : null;
  const allowed = authorize(mediaFileChangePolicy, action, viewer, current);
  if (!(await isLive(deps, allowed.subject))) throw gone("file");
  return { viewer: allowed.viewer, file: allowed.subject.file };
}

/**
 * For a download. An earlier version is visible to viewers who may read the versions of its file; to others it does not
 * exist.
 *
 * @throws NOT_FOUND, GONE
 */
export async function requireReadableBytes(
  deps: FindMediaFileDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileView> {
  const asked = await lookUpMediaFile(deps, viewer, id);
  const current = asked?.file.versionOf ? await lookUpCurrent(deps, viewer, asked.file.versionOf) : asked;
  const { subject } = authorize(mediaFilePolicy, "read", viewer, current);
  if (asked === null || !(await isLive(deps, subject))) throw gone("file");
  return asked.file;
}

/** The current file of a version; null if the viewer may not read its versions. */
async function lookUpCurrent(deps: FindMediaFileDeps, viewer: Viewer, id: string) {
  const current = await lookUpMediaFile(deps, viewer, id);
  return current && mediaFilePolicy.readVersionsOf(viewer, current) ? current : null;
}
