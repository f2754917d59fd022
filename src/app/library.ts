import { createAttachmentSizes } from "../modules/attachments/attachment-sizes.js";
import type { AttachmentParents } from "../modules/attachments/parents.js";
import { createLibraryService } from "../modules/media/library/library.service.js";
import { createMediaFileChangeService } from "../modules/media/library/media-file-change.service.js";
import type { MediaUploadDeps } from "../modules/media/library/media-upload.service.js";
import { createMediaUploadService } from "../modules/media/library/media-upload.service.js";
import { createMediaUsageService } from "../modules/media/library/media-usage.service.js";
import { createOrphanService } from "../modules/media/library/orphan.service.js";
import { createStorageReportService } from "../modules/media/library/storage-report.service.js";
import type { Config } from "../platform/config/config.js";
import type { Storage } from "../platform/storage/storage.js";

interface LibraryOptions extends Omit<MediaUploadDeps, "sizes"> {
  readonly config: Config;
  readonly storage: Storage;
  readonly parents: AttachmentParents;
}

/** What companies do with their files as a whole. */
export function createLibrary({ config, storage, checkIns, parents, ...finding }: LibraryOptions) {
  const { db, clock } = finding;
  const retentionDays = config.RETENTION_DAYS;
  return {
    library: createLibraryService({ ...finding, retentionDays }),
    mediaUploads: createMediaUploadService({ ...finding, checkIns, sizes: createAttachmentSizes(parents) }),
    mediaFileChanges: createMediaFileChangeService({ ...finding, retentionDays }),
    mediaUsages: createMediaUsageService(finding),
    orphans: createOrphanService({ db, clock, storage, orphanDays: config.ORPHAN_DAYS }),
    storageReports: createStorageReportService({ db, clock }),
  };
}
