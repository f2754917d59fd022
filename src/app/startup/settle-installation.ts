import { sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import { insertInstallation, raiseEpoch } from "../../platform/database/installation.repository.js";
import { examineInstallation } from "./examine-installation.js";
import type { InstallationDeps, InstallationFinding } from "./installation-finding.js";
import { storagesOf } from "./installation-finding.js";
import { updateMark, writeMark } from "./installation-mark.js";

/** An arbitrary number that no other lock uses. */
const SETTLING_LOCK = 7_305_101_412;

/**
 * Checks that the database and the storage belong together. Call it before migrations, in case it is the wrong
 * database. Read-only.
 *
 * @throws Error with instructions if they do not
 */
export async function assertFit(deps: InstallationDeps): Promise<InstallationFinding> {
  const finding = await examineInstallation(deps);
  if (finding.state === "unfit") throw new Error(finding.detail);
  return finding;
}

/**
 * Checks at startup that the database and the storage belong together, and marks both at the first start.
 *
 * @returns the finding; its state is "restored" if the database is older than the files
 * @throws Error with instructions; nothing has been changed then
 */
export async function settleInstallation(deps: InstallationDeps): Promise<InstallationFinding> {
  const { finding, next } = await deps.db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${SETTLING_LOCK})`);
    const finding = await assertFit({ ...deps, db: tx });
    return { finding, next: finding.state === "restored" ? null : await advance(tx, finding) };
  });
  if (next === null) return finding;
  for (const { storage } of storagesOf(deps)) await updateMark(storage, next);
  return { ...finding, database: next, mark: next };
}

/** Marks the database and the storage as one installation, whatever their state: the operator has confirmed it. */
export async function adoptStorage(deps: InstallationDeps): Promise<Installation> {
  const next = await deps.db.transaction(async (tx) =>
    advance(tx, await examineInstallation({ ...deps, db: tx })),
  );
  for (const { storage } of storagesOf(deps)) await writeMark(storage, next);
  return next;
}

/**
 * The database's next epoch is committed before the mark is written, so that a crash in between does not look like an
 * older dump.
 */
async function advance(db: Database, { mark }: Pick<InstallationFinding, "mark">): Promise<Installation> {
  await insertInstallation(db, { id: newId(), epoch: 1 });
  return raiseEpoch(db, mark?.epoch);
}
