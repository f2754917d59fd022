import { authorize } from "../../../kernel/authorize.js";
import { badUserInput, gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import type { Bucket } from "../buckets.js";
import { requireMediaFile } from "../find-media-file.js";
import type { IngestService } from "../ingest/ingest.service.js";
import { requireRecorded } from "../ingest/record.js";
import type { MediaFileView } from "../media-file.repository.js";
import { findMediaFile } from "../media-file.repository.js";
import { MUTATION_OF_PURPOSE } from "../single-purpose-buckets.js";
import type { NewUsage } from "./declare-usage.js";
import { declareUsage, lockReplacedUsages, refuseInternalResource } from "./declare-usage.js";
import type { ExchangeDeps } from "./exchange-content.js";
import { exchangeContent, refuseOthersAttachment } from "./exchange-content.js";
import { refusePast } from "./expiry.js";
import { libraryPolicy } from "./library.policy.js";
import { auditMediaFile } from "./media-file.audit.js";
import { updateMediaFile } from "./media-file-change.repository.js";

export interface MediaUploadDeps extends ExchangeDeps {
  readonly ingest: IngestService;
}

export interface NewUpload {
  readonly companyId: string;
  readonly bucket: Bucket;
  readonly expiresAt?: Date | null | undefined;
  readonly usage?: NewUsage | null | undefined;
}

export interface NewContent {
  readonly id: string;
  readonly usage?: NewUsage | null | undefined;
}

export type MediaUploadService = ReturnType<typeof createMediaUploadService>;

/** Uploads to the library, and replacements of files. */
export const createMediaUploadService = (deps: MediaUploadDeps) => ({
  /** @throws BAD_USER_INPUT for an expiry in the past, and what the ingest throws of a file */
  uploadMedia: (viewer: Viewer, input: NewUpload, incoming: IncomingFiles) =>
    uploadMedia(deps, viewer, input, incoming),

  /**
   * Replaces the content of a file. Its id and its usages stay; the old content becomes an earlier version.
   *
   * @throws FORBIDDEN if somebody else has attached it, what the ingest throws of a file, UNSUPPORTED_FILE_TYPE if a
   *   post that shows it requires another kind, QUOTA_EXCEEDED if it is attached to a ticket whose quota it exceeds
   */
  replaceMediaFile: (viewer: Viewer, input: NewContent, incoming: IncomingFiles) =>
    replaceMediaFile(deps, viewer, input, incoming),
});

/** How files get into the buckets to which the library does not upload. */
const OTHER_WAY: Partial<Record<Bucket, string>> = {
  AVATARS: "People give themselves their picture with setAvatar.",
  COMPANY_LOGOS: "A company gets its logo with setCompanyLogo.",
  CHAT: "Files come into it with their chat messages.",
};

async function uploadMedia(
  deps: MediaUploadDeps,
  viewer: Viewer,
  { companyId, bucket, expiresAt, usage }: NewUpload,
  incoming: IncomingFiles,
): Promise<MediaFileView> {
  const company = await findCompany(deps.db, companyId);
  const { viewer: by } = authorize(libraryPolicy, "uploadTo", viewer, company);
  const otherWay = OTHER_WAY[bucket];
  if (otherWay)
    throw badUserInput(`The library does not upload to ${bucket}. ${otherWay}`, { field: "bucket" });
  refusePast(expiresAt, deps.clock());
  if (usage) refuseInternalResource(usage);
  const id = await deps.ingest.ingestFiles({
    viewer: by,
    companyId,
    bucket,
    incoming,
    permit: async (tx, known) => {
      authorize(libraryPolicy, "uploadTo", known, await findCompany(tx, companyId));
    },
    inTransaction: async (tx, files) => {
      const file = requireRecorded(files);
      if (expiresAt) await updateMediaFile(tx, companyId, file.id, { expiresAt });
      await auditMediaFile(
        tx,
        by,
        "uploaded",
        { id: file.id, companyId },
        { fileName: file.fileName, bucket },
      );
      if (usage) await declareUsageOf(deps, tx, by, { id: file.id, companyId, usage });
      return file.id;
    },
  });
  return reread(deps, viewer, id);
}

async function replaceMediaFile(
  deps: MediaUploadDeps,
  viewer: Viewer,
  { id, usage }: NewContent,
  incoming: IncomingFiles,
): Promise<MediaFileView> {
  const { file, viewer: by } = await requireMediaFile(deps, viewer, id, "replace");
  const { companyId, bucket } = file;
  const mutation = MUTATION_OF_PURPOSE[bucket];
  if (mutation)
    throw badUserInput(`A file of ${bucket} is not replaced: set another one with ${mutation}.`, {
      field: "id",
    });
  await refuseOthersAttachment(deps, by, file);
  if (usage) {
    refuseInternalResource(usage);
    await requireMediaFile(deps, viewer, id, "sayWhereItIsUsed");
  }
  await deps.ingest.ingestFiles({
    viewer: by,
    companyId,
    bucket,
    incoming,
    isReplacement: true,
    permit: async (tx, known) => {
      const within = { ...deps, db: tx };
      await refuseOthersAttachment(
        within,
        known,
        (await requireMediaFile(within, known, id, "replace")).file,
      );
      if (usage) await requireMediaFile(within, known, id, "sayWhereItIsUsed");
    },
    inTransaction: async (tx, files) => {
      const uploaded = requireRecorded(files);
      // The quotas are locked before the file, as everywhere.
      const resize = await deps.attachments.lockQuotas(tx, companyId, id);
      const declared = usage && { ...fieldOf(usage), companyId, mediaFileId: id };
      const formerly = declared && usage.replace ? await lockReplacedUsages(tx, declared) : [];
      await exchangeContent(deps, tx, { by, file, otherId: uploaded.id, resize });
      if (declared) await declareUsage({ ...deps, db: tx }, by, { usage: declared, replaced: formerly });
    },
  });
  return reread(deps, viewer, id);
}

const fieldOf = ({ resourceType, resourceId, fieldName }: NewUsage) => ({
  resourceType,
  resourceId,
  fieldName,
});

/** Of a file that this transaction has made: nobody else knows it, and its lock comes last. */
async function declareUsageOf(
  deps: MediaUploadDeps,
  tx: Database,
  by: Identified,
  { id, companyId, usage }: { id: string; companyId: string; usage: NewUsage },
): Promise<void> {
  const declared = { ...fieldOf(usage), companyId, mediaFileId: id };
  const replaced = usage.replace ? await lockReplacedUsages(tx, declared) : [];
  await declareUsage({ ...deps, db: tx }, by, { usage: declared, replaced });
}

/** Reads a file that the caller has just made or changed. @throws GONE if it has been purged meanwhile */
async function reread({ db }: MediaUploadDeps, viewer: Viewer, id: string): Promise<MediaFileView> {
  const file = await findMediaFile(db, tenantsReachedBy(viewer), id);
  if (file === null) throw gone("file");
  return file;
}
