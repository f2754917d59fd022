import type { Clock } from "../../../kernel/clock.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../kernel/clock.js";
import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import { pruneEvents } from "../../../platform/events/log/prune-events.js";
import type { StagingArea } from "../../../platform/storage/staging-area.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { sweepTempFiles } from "../../../platform/storage/sweep-temp-files.js";
import type { TempFolder } from "../../../platform/storage/temp-folder.js";
import { listCompanyIds } from "../../identity/companies/company.repository.js";
import type { FindMissingDeps } from "./find-missing.js";
import { findMissing } from "./find-missing.js";
import type { FindUnrenderedDeps } from "./find-unrendered.js";
import { findUnrendered } from "./find-unrendered.js";
import type { FindingOptions } from "./finding.js";
import type { MoveFilesDeps, MoveFilesOptions, MoveReport } from "./move-files.js";
import { moveFiles } from "./move-files.js";
import type { PurgeDeps } from "./purge.js";
import { purgeFiles, sumOfPurges } from "./purge.js";
import type { PurgeReport } from "./purge.repository.js";
import type { RetryRenderingsOptions } from "./retry-renderings.js";
import { retryRenderings } from "./retry-renderings.js";
import type { SweepOptions, SweepRules } from "./sweep.js";
import { sweepStorage } from "./sweep.js";
import type { StagedSweepReport } from "./sweep-staged-uploads.js";
import { listKeptParts, sweepStagedUploads } from "./sweep-staged-uploads.js";
import type { VerifyLimits } from "./verify-integrity.js";
import { verifyIntegrity } from "./verify-integrity.js";

export interface UpkeepDeps {
  readonly db: Database;
  readonly storage: Storage;
  readonly staging: StagingArea;
  readonly clock: Clock;
  /** The folder below which all processes keep their temp files. */
  readonly tempRoot: string;
  readonly tempFolder: Pick<TempFolder, "open" | "removeAbandoned">;
  /** Both storages while files are being moved. */
  readonly moving?: (MoveFilesDeps["moving"] & { begin(): Promise<void> }) | undefined;
  readonly requestVariants: FindMissingDeps["requestVariants"];
  readonly listAskedFor: FindUnrenderedDeps["listAskedFor"];
  /** @throws if the storage is not, or no longer, the one of this installation */
  readonly assertOurs: () => Promise<void>;
  /** @throws if the database may not know all files */
  readonly assertMayRemove: PurgeDeps["assertMayRemove"];
  readonly sweepLimits: Pick<SweepRules, "mostFiles" | "mostPercent">;
  readonly trashDays: number;
  readonly orphanDays: number;
  readonly unfinishedUploadHours: number;
  readonly eventDays: number;
  readonly verifyLimits: VerifyLimits;
}

export interface OrphanPurgeOptions extends RunOptions {
  /** The company whose orphans are purged; all companies without it. */
  readonly companyId?: string | undefined;
  readonly olderThanDays?: number | undefined;
}

export interface VerifyOptions extends RunOptions, FindingOptions {
  readonly limits?: Partial<VerifyLimits> | undefined;
}

/** Bytes without a row are removed within an hour; younger ones may get their row. */
const SWEEP_OLDER_THAN_MS = 30 * MINUTE_MS;
/** A rendering that has not been requested by then was lost. */
const UNRENDERED_AFTER_MS = HOUR_MS;

/**
 * Maintenance of files: each task may be interrupted at any moment and run again, and takes a dry run, a progress
 * callback and a signal. Jobs and the command line call the same functions. They have no viewer: the caller is
 * responsible.
 */
export function createUpkeepService(deps: UpkeepDeps) {
  const { db, storage, clock } = deps;
  const ago = (ms: number) => new Date(clock().getTime() - ms);
  return {
    /** Purges expired files that nothing uses; they cannot be restored. */
    purgeExpired: (options?: RunOptions): Promise<PurgeReport> =>
      purgeFiles(deps, { kind: "expired", at: clock() }, options),

    /** Purges orphans: files that have been unused and unchanged for a number of days. */
    async purgeOrphans(options: OrphanPurgeOptions = {}): Promise<PurgeReport> {
      const before = ago((options.olderThanDays ?? deps.orphanDays) * DAY_MS);
      const companyIds = options.companyId ? [options.companyId] : await listCompanyIds(db);
      const reports: PurgeReport[] = [];
      for (const companyId of companyIds)
        reports.push(await purgeFiles(deps, { kind: "orphaned", before }, { ...options, companyId }));
      return sumOfPurges(reports);
    },

    /** Moves bytes without a row to the trash, and empties the trash. */
    async sweepStorage(options?: SweepOptions) {
      if (!options?.dryRun) await deps.assertMayRemove();
      const rules = {
        ...deps.sweepLimits,
        storedBefore: ago(SWEEP_OLDER_THAN_MS),
        trashedBefore: ago(deps.trashDays * DAY_MS),
      };
      return sweepStorage({ db, storage }, rules, options);
    },

    /** Removes expired uploads, the rest of unfinished ones, and folders of processes that have ended. */
    async sweepUploads(options: RunOptions = {}): Promise<StagedSweepReport> {
      await (options.dryRun ? deps.assertOurs() : deps.assertMayRemove());
      const writtenBefore = ago(deps.unfinishedUploadHours * HOUR_MS);
      const times = { expiredBefore: clock(), writtenBefore };
      const staged = await sweepStagedUploads(deps, times, options);
      const temps = await sweepTempFiles(deps.tempRoot, writtenBefore, options);
      if (!options.dryRun) await deps.tempFolder.removeAbandoned();
      const unfinished = await storage.removeUnfinished(writtenBefore, {
        ...options,
        kept: (keys) => listKeptParts(db, keys),
      });
      return {
        expired: staged.expired,
        removed: staged.removed + temps.removed + unfinished,
        removedBytes: staged.removedBytes + temps.removedBytes,
      };
    },

    /** Finds rows whose bytes are missing, and files that wait for variants without a job. */
    async findMissing(options?: RunOptions & FindingOptions) {
      const report = await findMissing(deps, options);
      return { ...report, unrendered: await findUnrendered(deps, ago(UNRENDERED_AFTER_MS), options) };
    },

    /** Requests the variants of all files that wait for them without a job. @returns the number of files */
    requestUnrendered: (options?: RunOptions): Promise<number> => findUnrendered(deps, clock(), options),

    /** Requests failed renderings again, after a pause or, with `all`, at once. */
    retryRenderings: (options?: RetryRenderingsOptions) => retryRenderings(deps, options),

    /** Verifies the hashes of stored bytes, the oldest verification first. */
    verifyIntegrity: ({ limits, ...options }: VerifyOptions = {}) =>
      verifyIntegrity(deps, { ...deps.verifyLimits, ...limits }, options),

    /** Moves files to the new storage. @throws Error if none are being moved */
    async moveFiles(options?: MoveFilesOptions): Promise<MoveReport> {
      if (deps.moving === undefined) throw new Error("no files are being moved: STORAGE_FROM is not set");
      if (!options?.dryRun) await deps.moving.begin();
      return moveFiles({ ...deps, moving: deps.moving }, options);
    },

    /** Removes events that are too old for any cursor. */
    pruneEvents: (options?: RunOptions) => pruneEvents(db, ago(deps.eventDays * DAY_MS), options),
  };
}
