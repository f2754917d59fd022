import { sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import { insertInstallation, raiseEpoch } from "../../platform/database/installation.repository.js";
import type { InstallationDeps, InstallationFinding } from "./examine-installation.js";
import { examineInstallation } from "./examine-installation.js";
import { writeMark } from "./installation-mark.js";

/** Any number will do that is not the migrations'. */
const SETTLING_LOCK = 7_305_101_412;

/**
 * To be called before a database is migrated, which may be the wrong one. Changes nothing.
 *
 * @throws Error with what to do, when the database and the storage do not belong together
 */
export async function assertFit(deps: InstallationDeps): Promise<InstallationFinding> {
  const finding = await examineInstallation(deps);
  if (finding.state === "unfit") throw new Error(finding.detail);
  return finding;
}

/**
 * Makes sure, at a start, that the database and the storage belong together; marks both at the first start.
 *
 * @returns what was found; it is "restored" when the database is older than the files
 * @throws Error with what to do, and nothing has been changed
 */
export async function settleInstallation(deps: InstallationDeps): Promise<InstallationFinding> {
  const { finding, next } = await deps.db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${SETTLING_LOCK})`);
    const finding = await assertFit({ ...deps, db: tx });
    return { finding, next: finding.state === "restored" ? null : await advance(tx, finding) };
  });
  if (next === null) return finding;
  await writeMark(deps.storage, next);
  return { ...finding, database: next, mark: next };
}

/** Says that the database and the storage belong together, whatever they said before: the operator knows it. */
export async function adoptStorage(deps: InstallationDeps): Promise<Installation> {
  const next = await deps.db.transaction(async (tx) =>
    advance(tx, await examineInstallation({ ...deps, db: tx })),
  );
  await writeMark(deps.storage, next);
  return next;
}

/** The database's next epoch is committed before the mark tells of it: a crash in between must not look like an older dump. */
async function advance(db: Database, { mark }: Pick<InstallationFinding, "mark">): Promise<Installation> {
  await insertInstallation(db, { id: newId(), epoch: 1 });
  return raiseEpoch(db, mark?.epoch);
}
