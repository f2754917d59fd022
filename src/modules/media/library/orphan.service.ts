import { authorize } from "../../../kernel/authorize.js";
import { DAY_MS } from "../../../kernel/clock.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import { confirmViewer } from "../../identity/confirm-viewer.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import type { FindMediaFileDeps } from "../find-media-file.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { PurgeDeps } from "../upkeep/purge.js";
import { purgeFiles } from "../upkeep/purge.js";
import { libraryPolicy } from "./library.policy.js";
import type { OrphanScope } from "./orphan.repository.js";
import { countOrphans, listOrphans, orphanPosition } from "./orphan.repository.js";

export interface OrphanDeps extends Pick<FindMediaFileDeps, "clock">, PurgeDeps {
  /** Minimum age of an orphan in days, unless the caller gives one. */
  readonly orphanDays: number;
  /** The database for a purge, which reads all files of a company page by page. */
  readonly background: Database;
}

export interface OrphanSelection {
  readonly companyId: string;
  readonly olderThanDays?: number | null | undefined;
}

/** What a purge has removed, or would remove. */
export interface PurgeReport {
  readonly dryRun: boolean;
  readonly files: number;
  readonly bytes: number;
  /** Of the first 100. */
  readonly ids: readonly string[];
}

export type OrphanService = ReturnType<typeof createOrphanService>;

/** Orphans of a company: files without usages. */
export const createOrphanService = (deps: OrphanDeps) => ({
  /** The oldest first. */
  async listOrphans(
    viewer: Viewer,
    selection: OrphanSelection,
    page: PageArguments,
  ): Promise<Connection<MediaFileView>> {
    const { companyId } = selection;
    authorize(libraryPolicy, "findOrphansOf", viewer, await findCompany(deps.db, companyId));
    const scope = scopeOf(deps, selection);
    const found = await listOrphans(deps.db, scope, pageRequest(page));
    return toConnection(found, orphanPosition, () => countOrphans(deps.db, scope));
  },

  /** Purges orphans, each checked again in its own transaction; a dry run reports what would be purged. */
  async purgeOrphans(
    viewer: Viewer,
    selection: OrphanSelection & { readonly dryRun: boolean },
  ): Promise<PurgeReport> {
    const { companyId, dryRun } = selection;
    const company = await findCompany(deps.db, companyId);
    const { viewer: by } = authorize(libraryPolicy, "purgeOrphansOf", viewer, company);
    return purge(deps, by, scopeOf(deps, selection), dryRun);
  },
});

function scopeOf(
  { clock, orphanDays }: OrphanDeps,
  { companyId, olderThanDays }: OrphanSelection,
): OrphanScope {
  const now = clock();
  const before = new Date(now.getTime() - (olderThanDays ?? orphanDays) * DAY_MS);
  return { companyId, now, before };
}

const NAMED = 100;

async function purge(
  deps: OrphanDeps,
  by: Identified,
  { companyId, before }: OrphanScope,
  dryRun: boolean,
): Promise<PurgeReport> {
  const ids: string[] = [];
  const purged: string[] = [];
  const reason = { kind: "orphaned", before } as const;
  const onPurged = (id: string) => {
    if (ids.length < NAMED) ids.push(id);
    purged.push(id);
  };
  // A purge takes a while: it ends when the viewer loses the permission, and what was purged until then is audited.
  const permit = async (tx: Database) => {
    const known = await confirmViewer(tx, { viewer: by, companyId });
    authorize(libraryPolicy, "purgeOrphansOf", known, await findCompany(tx, companyId));
  };
  const audit = (details: Readonly<Record<string, unknown>>) =>
    insertAuditEntry(deps.db, {
      companyId,
      by,
      action: "company.orphans-purged",
      subjectType: "company",
      subjectId: companyId,
      details: { ...details, before, ids: purged },
    });
  try {
    const inBackground = { ...deps, db: deps.background };
    const { files, bytes } = await purgeFiles(inBackground, reason, { companyId, dryRun, onPurged, permit });
    if (!dryRun) await audit({ files, bytes });
    return { dryRun, files, bytes, ids };
  } catch (error) {
    if (!dryRun && purged.length > 0) await audit({ wasEnded: true });
    throw error;
  }
}
