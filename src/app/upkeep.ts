import { MIB } from "../kernel/bytes.js";
import type { RunOptions } from "../kernel/run-options.js";
import { createCompanyPurgeService } from "../modules/identity/company-purge.service.js";
import { createUpkeepService } from "../modules/media/upkeep/upkeep.service.js";
import type { Config } from "../platform/config/config.js";
import { localTempFolder } from "../platform/storage/local.js";
import type { PurgeDeletedDeps } from "./purge-deleted.js";
import { purgeDeleted } from "./purge-deleted.js";

export interface UpkeepOptions extends Omit<PurgeDeletedDeps, "companyPurge" | "retentionDays"> {
  readonly config: Config;
  readonly storageRoot: string;
}

export type Upkeep = ReturnType<typeof createUpkeep>;

/** All that keeps the desk in order by itself: for the jobs and for the command line. */
export function createUpkeep({ config, storageRoot, ...deps }: UpkeepOptions) {
  const deletions = {
    ...deps,
    retentionDays: config.RETENTION_DAYS,
    companyPurge: createCompanyPurgeService(deps),
  };
  return {
    ...createUpkeepService({
      ...deps,
      tempFolder: localTempFolder(storageRoot),
      requestVariants: async () => {},
      orphanDays: config.ORPHAN_DAYS,
      unfinishedUploadHours: config.UNFINISHED_UPLOAD_HOURS,
      eventDays: config.EVENT_DAYS,
      verifyLimits: { files: config.VERIFY_FILES, bytes: config.VERIFY_MEGABYTES * MIB },
    }),

    /** Removes for good what was deleted so long ago that nobody may restore it. */
    purgeDeleted: (options?: RunOptions) => purgeDeleted(deletions, options),
  };
}
