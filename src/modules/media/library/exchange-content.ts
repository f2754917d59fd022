import { FiledeskError, forbidden, gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import type { FileKind } from "../file-types.js";
import { kindOf } from "../file-types.js";
import type { FindMediaFileDeps } from "../find-media-file.js";
import { recordFileEvents } from "../media-file.events.js";
import type { MediaFileView } from "../media-file.repository.js";
import { findMediaFile } from "../media-file.repository.js";
import { requestVariants } from "../variants/request-variants.js";
import { auditMediaFile } from "./media-file.audit.js";
import type { AttachmentReplacement, PostReplacement, Resize } from "./replacement-ports.js";
import { exchangeContents, lockMediaFileForReplacement } from "./version.repository.js";

export interface ExchangeDeps extends FindMediaFileDeps {
  readonly attachments: AttachmentReplacement;
  readonly posts: PostReplacement;
  readonly jobs: JobSender;
}

/** An attachment names its uploader, which must stay true. @throws FORBIDDEN */
export async function refuseOthersAttachment(
  { db, attachments }: ExchangeDeps,
  viewer: Viewer,
  file: MediaFileView,
): Promise<void> {
  if (await attachments.mayReplace(db, viewer, file)) return;
  throw forbidden(
    "Somebody else has attached this file, and only they may replace it, and administrators where it is not on a message. Attach yours as a file of its own.",
    { action: "replace" },
  );
}

export interface Exchange {
  readonly by: Identified;
  readonly file: MediaFileView;
  /** The row that has the new content, and gets the old one. */
  readonly otherId: string;
  /** Of the quotas, which are locked before the file, as everywhere. */
  readonly resize: Resize;
}

/**
 * Gives a file the content of another row, which becomes the earlier version with the old content, and tells everybody
 * who shows the file. In a transaction.
 *
 * @throws GONE if the file has been deleted meanwhile, UNSUPPORTED_FILE_TYPE, QUOTA_EXCEEDED
 */
export async function exchangeContent(
  { posts, jobs }: ExchangeDeps,
  tx: Database,
  { by, file, otherId, resize }: Exchange,
): Promise<void> {
  const { id, companyId } = file;
  const replaced = await lockMediaFileForReplacement(tx, companyId, id);
  const other = await findMediaFile(tx, { companyIds: [companyId] }, otherId);
  if (replaced === null || other === null) throw gone("file");
  refuseOtherKind(await posts.requiredKinds(tx, companyId, id), other.mimeType);
  await resize(other.size - replaced.size);
  const variantsStatus = await exchangeContents(tx, companyId, { currentId: id, uploadedId: otherId });
  // The job of a content belongs to the row that has the other one now.
  if (variantsStatus === "PENDING") await requestVariants({ jobs, tx }, [{ id, companyId }]);
  if (replaced.variantsStatus === "PENDING" && variantsStatus !== "PENDING")
    await requestVariants({ jobs, tx }, [{ id: otherId, companyId }]);
  await posts.contentReplaced(tx, companyId, id);
  recordFileEvents(tx, companyId, "file.updated", [id]);
  await auditMediaFile(tx, by, "replaced", file, { fileName: other.fileName, versionId: otherId });
}

const CALLED: Partial<Record<FileKind, string>> = { IMAGE: "an image", VIDEO: "a video" };

/** @throws UNSUPPORTED_FILE_TYPE when the posts that show the file require another kind */
function refuseOtherKind(required: readonly FileKind[], mimeType: string): void {
  const missed = required.find((kind) => kind !== kindOf(mimeType));
  if (missed)
    throw new FiledeskError(
      "UNSUPPORTED_FILE_TYPE",
      `This file is posted on a ticket as ${CALLED[missed]} and stays one; the new content is ${mimeType}. Upload it as a file of its own.`,
      { actual: mimeType },
    );
}
