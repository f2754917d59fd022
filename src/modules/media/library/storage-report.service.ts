import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import type { Viewer } from "../../identity/viewer.js";
import { findCompanyStorage } from "../quota/company-storage.repository.js";
import { leftOf } from "../quota/storage-quota.js";
import { libraryPolicy } from "./library.policy.js";
import {
  countByProperties,
  countByState,
  countByUploader,
  countUnused,
  sumStoredBytes,
} from "./storage-report.repository.js";

/** How many uploaders a report names. */
const UPLOADERS = 20;

export type StorageReportView = Awaited<ReturnType<typeof readReport>>;

export type StorageReportService = ReturnType<typeof createStorageReportService>;

export const createStorageReportService = ({
  db,
  clock,
}: {
  readonly db: Database;
  readonly clock: Clock;
}) => ({
  /** The storage that a company's files take, and what could be freed. For its managers. */
  async storageReport(viewer: Viewer, companyId: string): Promise<StorageReportView> {
    authorize(libraryPolicy, "reportOn", viewer, await findCompany(db, companyId));
    // One snapshot for all statements, so that the figures fit together while others upload.
    return db.transaction((tx) => readReport(tx, companyId, clock()), {
      isolationLevel: "repeatable read",
      accessMode: "read only",
    });
  },
});

async function readReport(tx: Database, companyId: string, now: Date) {
  const { live, versions, deleted, allBytes } = await countByState(tx, companyId, now);
  const stored = await sumStoredBytes(tx, companyId);
  const quota = (await findCompanyStorage(tx, companyId)) ?? { usedBytes: 0, limitBytes: null };
  return {
    ...live,
    usedBytes: quota.usedBytes,
    limitBytes: quota.limitBytes,
    leftBytes: leftOf(quota),
    storedBytes: stored.originals,
    variantBytes: stored.variants,
    savedBytes: allBytes - stored.originals,
    versions,
    deleted,
    orphans: await countUnused(tx, companyId, now),
    ...(await countByProperties(tx, companyId, now)),
    byUploader: await countByUploader(tx, companyId, now, UPLOADERS),
  };
}
