import { sql } from "drizzle-orm";
import { FiledeskError } from "../kernel/errors.js";
import { newId } from "../kernel/ids.js";
import { listSampleKeys } from "../modules/media/blob.repository.js";
import type { Database } from "../platform/database/client.js";
import type { Installation } from "../platform/database/installation.repository.js";
import {
  findInstallation,
  insertInstallation,
  raiseEpoch,
} from "../platform/database/installation.repository.js";
import type { Storage } from "../platform/storage/storage.js";

export interface InstallationDeps {
  readonly db: Database;
  /** Unguarded: the guard is made here. */
  readonly storage: Pick<Storage, "readMark" | "writeMark" | "stat" | "walk">;
  /** Where the files lie, for messages. */
  readonly place: string;
}

/** Whether the database and the storage belong together. */
export interface InstallationFinding {
  readonly state: "same" | "new" | "adoptable" | "restored" | "unfit";
  /** For the operator; where something is wrong, with what to do. */
  readonly detail: string;
  readonly database: Installation | null;
  readonly mark: Installation | null;
}

/** Any number will do that is not the migrations'. */
const SETTLING_LOCK = 7_305_101_412;
const RETRY_SECONDS = 10;
const ADOPT = "filedesk adopt-storage --yes";

/** Compares what the database and the storage say of themselves. Changes nothing. */
export async function examineInstallation(deps: InstallationDeps): Promise<InstallationFinding> {
  const { db, storage, place } = deps;
  const mark = parseMark(await storage.readMark());
  const database = await findInstallation(db);
  const found = (state: InstallationFinding["state"], detail: string) => ({ state, detail, database, mark });
  if (database && mark) {
    if (database.id !== mark.id)
      return found(
        "unfit",
        `The files in ${place} belong to another installation (${mark.id}) than the database (${database.id}). ` +
          `Check FILEDESK_DATA and DATABASE_URL. If they do belong together: ${ADOPT}`,
      );
    if (mark.epoch > database.epoch) return found("restored", restoredInWords(place));
    return found("same", `database and files are one installation (${database.id})`);
  }
  const keys = await listSampleKeys(db);
  const isEmpty = await isEmptyStorage(storage);
  if (keys.length === 0 && isEmpty && !mark)
    return found("new", "database and files are empty: the first start makes them one installation");
  if (mark)
    return found(
      "unfit",
      `The files in ${place} belong to the installation ${mark.id}, but the database has no installation id` +
        `${keys.length === 0 ? " and knows no file" : ""}: it is empty, another one, or restored from before there were ids. ` +
        `Check DATABASE_URL, or restore the database. If they do belong together: ${ADOPT}`,
    );
  const present = await countPresent(storage, keys);
  const known = `of ${keys.length} files that the database was asked for, ${present} are there`;
  if (keys.length > 0 && present * 2 >= keys.length)
    return found("adoptable", `database and files belong together (${known}): the next start marks them`);
  if (keys.length > 0)
    return found(
      "unfit",
      `${place} has not the mark of this database's installation (${known}): the files are not mounted, were restored ` +
        `without the mark, or are another desk's. Check FILEDESK_DATA and its mounts, or restore the files. If they do belong together: ${ADOPT}`,
    );
  return found(
    "unfit",
    `There are files in ${place}, but the database knows none: it is empty or another one. Check DATABASE_URL, or restore ` +
      `the database. If they do belong together: ${ADOPT}`,
  );
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
    const finding = await examineInstallation({ ...deps, db: tx });
    if (finding.state === "unfit") throw new Error(`Nothing has been changed. ${finding.detail}`);
    return { finding, next: finding.state === "restored" ? null : await advance(tx, finding) };
  });
  if (next === null) return finding;
  await writeMark(deps, next);
  return { ...finding, database: next, mark: next };
}

/** Says that the database and the storage belong together, whatever they said before: the operator knows it. */
export async function adoptStorage(deps: InstallationDeps): Promise<Installation> {
  const next = await deps.db.transaction(async (tx) =>
    advance(tx, await examineInstallation({ ...deps, db: tx })),
  );
  await writeMark(deps, next);
  return next;
}

/** The database's next epoch is committed before the mark tells of it: a crash in between must not look like an older dump. */
async function advance(db: Database, { mark }: Pick<InstallationFinding, "mark">): Promise<Installation> {
  await insertInstallation(db, { id: newId(), epoch: 1 });
  return raiseEpoch(db, mark?.epoch);
}

const writeMark = (
  { storage }: Pick<InstallationDeps, "storage">,
  installation: Installation,
): Promise<void> => storage.writeMark(JSON.stringify(installation));

export type InstallationGuard = ReturnType<typeof createInstallationGuard>;

/** What keeps a running desk from changing a storage that is not, or no longer, its own. */
export function createInstallationGuard({
  db,
  storage,
  place,
  id,
}: InstallationDeps & { readonly id: string }) {
  const assertOurs = async (): Promise<void> => {
    const mark = await storage.readMark().then(parseMark, () => null);
    if (mark?.id === id) return;
    throw new FiledeskError(
      "SERVICE_UNAVAILABLE",
      `The file storage is out of reach: nothing is written or removed. Ask again in a moment. (For the operator: ${place} ` +
        `${mark ? "has the mark of another installation" : "has no mark of this installation; is it mounted?"} See filedesk doctor.)`,
      { retryAfter: RETRY_SECONDS },
    );
  };
  return {
    /** @throws SERVICE_UNAVAILABLE when the storage has not our mark */
    assertOurs,
    /**
     * To be called before anything is removed because of what the database says: says how far the database has come.
     *
     * @throws SERVICE_UNAVAILABLE when the storage is not ours, or the database is older than the files
     */
    async assertMayRemove(): Promise<void> {
      await assertOurs();
      const mark = parseMark(await storage.readMark());
      const database = await findInstallation(db);
      if (database?.id !== id || (mark?.epoch ?? 0) > database.epoch)
        throw new FiledeskError(
          "SERVICE_UNAVAILABLE",
          `Nothing is removed for good until the desk's operator has confirmed a restored database, and nothing was changed. Tell the operator. (For the operator: ${restoredInWords(place)})`,
        );
      await writeMark({ storage }, await raiseEpoch(db));
    },
  };
}

const restoredInWords = (place: string): string =>
  `The database is older than the files in ${place}: it was restored from a dump. Files that were uploaded after the dump ` +
  "have no row in it, so nothing is swept or purged. Restore a later dump if there is one; when this one is to stay: " +
  `${ADOPT} (the sweep then moves files without a row to the trash)`;

async function isEmptyStorage(storage: Pick<Storage, "walk">): Promise<boolean> {
  for await (const _ of storage.walk()) return false;
  return true;
}

async function countPresent(storage: Pick<Storage, "stat">, keys: readonly string[]): Promise<number> {
  let present = 0;
  for (const key of keys) if ((await storage.stat(key)) !== null) present += 1;
  return present;
}

function parseMark(text: string | null): Installation | null {
  if (text === null) return null;
  try {
    const { id, epoch } = JSON.parse(text) as Partial<Installation>;
    if (typeof id === "string" && typeof epoch === "number") return { id, epoch };
  } catch {}
  // Somebody's mark that cannot be read is not ours.
  return { id: "an unreadable mark", epoch: 0 };
}
