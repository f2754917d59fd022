import { authorize } from "../../../kernel/authorize.js";
import { conflict, gone } from "../../../kernel/errors.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import { isLive, lookUpMediaFile } from "../find-media-file.js";
import { mediaFileChangePolicy, mediaFilePolicy, refuseUnsafe } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import { findMediaFile, lockMediaFiles } from "../media-file.repository.js";
import type { ExchangeDeps } from "./exchange-content.js";
import { exchangeContent, refuseOthersAttachment } from "./exchange-content.js";

export type VersionService = ReturnType<typeof createVersionService>;

export const createVersionService = (deps: ExchangeDeps) => ({
  /**
   * Gives a file the content of one of its versions, which becomes the version with the old content.
   *
   * @param version if it has a hash, nothing changes where the file has this content already
   * @throws FORBIDDEN if somebody else has attached the file, FILE_INFECTED, FILE_NOT_SCANNED or CORRUPT_FILE for bytes
   *   that nobody gets, UNSUPPORTED_FILE_TYPE and QUOTA_EXCEEDED as a replacement does, CONFLICT if the version has
   *   another content than the hash says
   */
  makeVersionCurrent: (viewer: Viewer, version: NamedVersion) => makeVersionCurrent(deps, viewer, version),
});

interface NamedVersion {
  readonly id: string;
  readonly sha256?: string | null | undefined;
}

interface FoundVersion {
  readonly viewer: Identified;
  readonly file: MediaFileView;
  /** The same as the file if it is current. */
  readonly version: MediaFileView;
}

async function makeVersionCurrent(
  deps: ExchangeDeps,
  viewer: Viewer,
  { id, sha256 }: NamedVersion,
): Promise<MediaFileView> {
  const found = await requireVersion(deps, viewer, id);
  const { file, version } = found;
  const wanted = sha256 ?? version.sha256;
  if (isCurrent(found, wanted)) return file;
  const { companyId } = file;
  await writeAs(deps.db, { viewer: found.viewer, companyId }, async (tx, known) => {
    const within = { ...deps, db: tx };
    const resize = await deps.attachments.lockQuotas(tx, companyId, file.id);
    await lockMediaFiles(tx, [file.id, id]);
    const now = await requireVersion(within, known, id);
    // Whoever asked for the same at the same time has exchanged them already: a second exchange would undo it.
    if (isCurrent(now, wanted)) return;
    await exchangeContent(within, tx, { by: known, file: now.file, otherId: id, resize });
  });
  const current = await findMediaFile(deps.db, tenantsReachedBy(viewer), file.id);
  if (current === null) throw gone("file");
  return current;
}

/** @throws CONFLICT if the version has another content, and so has the file */
function isCurrent({ file, version }: FoundVersion, wanted: string): boolean {
  if (file.sha256 === wanted) return true;
  if (version.sha256 === wanted) return false;
  throw conflict(
    "This version has another content than you name: it was exchanged with that of its file. Look at `versions` again for the id that has it now.",
  );
}

/** @throws NOT_FOUND for viewers who do not know of it, FORBIDDEN, GONE, and what `refuseUnsafe` throws of its bytes */
async function requireVersion(deps: ExchangeDeps, viewer: Viewer, id: string): Promise<FoundVersion> {
  const asked = await lookUpMediaFile(deps, viewer, id);
  const parentId = asked?.file.versionOf ?? null;
  const subject = parentId ? await lookUpMediaFile(deps, viewer, parentId) : asked;
  const known = subject && mediaFilePolicy.readVersionsOf(viewer, subject) ? subject : null;
  const allowed = authorize(mediaFileChangePolicy, "replace", viewer, known);
  const { file } = allowed.subject;
  if (asked === null || !(await isLive(deps, allowed.subject))) throw gone("file");
  if (parentId) {
    await refuseOthersAttachment(deps, allowed.viewer, file);
    refuseUnsafe(asked.file);
  }
  return { viewer: allowed.viewer, file, version: asked.file };
}
