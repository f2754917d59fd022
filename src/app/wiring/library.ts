import { createAttachmentReplacement } from "../../modules/attachments/attachment-replacement.js";
import { createFindDeletedAttachment } from "../../modules/attachments/deleted-attachment.js";
import type { AttachmentParents } from "../../modules/attachments/parents.js";
import type { FindMediaFileDeps } from "../../modules/media/find-media-file.js";
import type { IngestService } from "../../modules/media/ingest/ingest.service.js";
import { createLibraryLoaders } from "../../modules/media/library/library.loaders.js";
import { createLibraryService } from "../../modules/media/library/library.service.js";
import { createMediaFileChangeService } from "../../modules/media/library/media-file-change.service.js";
import { createMediaUploadService } from "../../modules/media/library/media-upload.service.js";
import { createMediaUsageService } from "../../modules/media/library/media-usage.service.js";
import type { OrphanDeps } from "../../modules/media/library/orphan.service.js";
import { createOrphanService } from "../../modules/media/library/orphan.service.js";
import { createStorageReportService } from "../../modules/media/library/storage-report.service.js";
import { createVersionService } from "../../modules/media/library/version.service.js";
import { createQuarantineService } from "../../modules/media/quarantine/quarantine.service.js";
import { createStorageLimitLoaders } from "../../modules/media/quota/storage-limit.loaders.js";
import { createStorageLimitService } from "../../modules/media/quota/storage-limit.service.js";
import { requestVariantsOf } from "../../modules/media/variants/request-variants.js";
import { findDeletedPost } from "../../modules/tickets/posts/deleted-post.js";
import { postReplacement } from "../../modules/tickets/posts/post-replacement.js";
import type { JobSender } from "../../platform/jobs/job.js";
import type { Storage } from "../../platform/storage/storage.js";
import { onScannedOf } from "./scanning.js";

interface LibraryOptions extends FindMediaFileDeps, Pick<OrphanDeps, "assertMayRemove" | "background"> {
  readonly storage: Storage;
  readonly ingest: IngestService;
  readonly jobs: JobSender;
  readonly parents: AttachmentParents;
  readonly retentionDays: number;
  readonly orphanDays: number;
}

const replacementIn = ({ parents }: LibraryOptions) => ({
  attachments: createAttachmentReplacement(parents),
  posts: postReplacement,
});

/** Builds the services for a company's files: uploads, lists, changes, usages, orphans and reports. */
export const createLibrary = (options: LibraryOptions) => ({
  loaders: { library: createLibraryLoaders(options), storageLimits: createStorageLimitLoaders(options) },
  services: {
    library: createLibraryService(options),
    mediaUploads: createMediaUploadService({ ...options, ...replacementIn(options) }),
    versions: createVersionService({ ...options, ...replacementIn(options) }),
    mediaFileChanges: createMediaFileChangeService({
      ...options,
      findDeletedUsers: [createFindDeletedAttachment(options), findDeletedPost],
    }),
    quarantine: createQuarantineService({
      ...options,
      requestVariants: requestVariantsOf(options.jobs),
      onScanned: onScannedOf(options.parents),
    }),
    mediaUsages: createMediaUsageService(options),
    orphans: createOrphanService(options),
    storageReports: createStorageReportService(options),
    storageLimits: createStorageLimitService(options),
  },
});
