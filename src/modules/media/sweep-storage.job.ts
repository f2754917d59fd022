import type { Job } from "../../platform/jobs/job.js";
import type { TempFolder } from "../../platform/storage/temp-folder.js";
import type { MediaFileService } from "./media-file.service.js";

/** Bytes without a row are gone within an hour; what is that young may have its row on the way. */
const OLDER_THAN_MINUTES = 30;

export interface SweepStorageDeps {
  readonly mediaFiles: Pick<MediaFileService, "sweep">;
  readonly tempFolder: Pick<TempFolder, "removeAbandoned">;
}

/** Removes bytes that no row points at, and temp files of processes that are gone. */
export const createSweepStorageJob = ({ mediaFiles, tempFolder }: SweepStorageDeps): Job => ({
  name: "sweep-storage",
  atOnce: 1,
  timeoutSeconds: 3_600,
  retries: 3,
  cron: "*/15 * * * *",
  async run() {
    await tempFolder.removeAbandoned();
    return mediaFiles.sweep(OLDER_THAN_MINUTES);
  },
});
