import { authorize } from "../../../kernel/authorize.js";
import { DAY_MS } from "../../../kernel/clock.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { insertAuditEntry } from "../../identity/audit.repository.js";
import { findCompany } from "../../identity/company.repository.js";
import type { UserViewer, Viewer } from "../../identity/viewer.js";
import type { MediaFileFinding } from "../find-media-file.js";
import type { MediaFileView } from "../media-file.repository.js";
import { purgeFile } from "../purge.js";
import { auditMediaFile } from "./audit-media-file.js";
import { libraryPolicy } from "./library.policy.js";
import type { OrphanScope } from "./orphan.repository.js";
import {
  countOrphans,
  deleteOrphan,
  listOrphans,
  listOrphansToPurge,
  orphanPosition,
} from "./orphan.repository.js";

export interface OrphanDeps extends Pick<MediaFileFinding, "db" | "clock"> {
  readonly storage: Storage;
  /** How old a file without a usage is at least, unless the caller says otherwise. */
  readonly orphanDays: number;
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

/** The files of a company that nothing uses. */
export const createOrphanService = (deps: OrphanDeps) => ({
  /** The one that has lain the longest first. */
  async listOrphans(
    viewer: Viewer,
    selection: OrphanSelection,
    page: PageArguments,
  ): Promise<Connection<MediaFileView>> {
    const { companyId } = selection;
    authorize(libraryPolicy, "findOrphansOf", viewer, await findCompany(deps.db, companyId));
    const scope = scopeOf(deps, selection);
    const found = await listOrphans(deps.db, scope, pageRequest(page));
    return toConnection(found, orphanPosition, async () => (await countOrphans(deps.db, scope)).files);
  },

  /** Removes orphans for good, each looked at again before; a dry run says what that would be. */
  async purgeOrphans(
    viewer: Viewer,
    selection: OrphanSelection & { readonly dryRun: boolean },
  ): Promise<PurgeReport> {
    const { companyId, dryRun } = selection;
    authorize(libraryPolicy, "purgeOrphansOf", viewer, await findCompany(deps.db, companyId));
    const scope = scopeOf(deps, selection);
    return dryRun ? foresee(deps, scope) : purge(deps, viewer as UserViewer, scope);
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
const AT_ONCE = 500;

const first = (limit: number) => ({ limit, direction: "forward", from: null }) as const;

async function foresee({ db }: OrphanDeps, scope: OrphanScope): Promise<PurgeReport> {
  const named = await listOrphansToPurge(db, scope, first(NAMED));
  return { dryRun: true, ...(await countOrphans(db, scope)), ids: named.map(({ id }) => id) };
}

async function purge(deps: OrphanDeps, by: UserViewer, scope: OrphanScope): Promise<PurgeReport> {
  const purged = { files: 0, bytes: 0, ids: [] as string[] };
  let request: Parameters<typeof listOrphansToPurge>[2] = first(AT_ONCE);
  for (;;) {
    const orphans = await listOrphansToPurge(deps.db, scope, request);
    for (const orphan of orphans) {
      if (!(await purgeOne(deps, by, scope, orphan))) continue;
      purged.files += 1;
      purged.bytes += orphan.size;
      if (purged.ids.length < NAMED) purged.ids.push(orphan.id);
    }
    const last = orphans.at(-1);
    if (last === undefined || orphans.length < AT_ONCE) break;
    request = { ...request, from: orphanPosition(last) };
  }
  const { companyId, before } = scope;
  const { files, bytes } = purged;
  await insertAuditEntry(deps.db, {
    companyId,
    actorId: by.id,
    action: "company.orphans-purged",
    subjectType: "company",
    subjectId: companyId,
    details: { files, bytes, before },
  });
  return { dryRun: false, ...purged };
}

/** Long ago, so that the purge takes it now; and should the process end in between, the recurring purge does. */
const LONG_AGO = new Date(0);
const SINCE_LONG_AGO = new Date(1);

async function purgeOne(
  { db, storage }: OrphanDeps,
  by: UserViewer,
  scope: OrphanScope,
  orphan: Awaited<ReturnType<typeof listOrphansToPurge>>[number],
): Promise<boolean> {
  const { id, blobId, fileName, size } = orphan;
  const deleted = await db.transaction(async (tx) => {
    const done = await deleteOrphan(tx, scope, id, { deletedAt: LONG_AGO, deletedBy: by.id });
    const { companyId } = scope;
    if (done) await auditMediaFile(tx, by, "purged", { id, companyId }, { fileName, size });
    return done;
  });
  if (!deleted) return false;
  const { purged, key } = await purgeFile(db, { id, blobId }, SINCE_LONG_AGO);
  if (key !== null) await storage.delete([key]);
  return purged;
}
