import { listSampleKeys } from "../../modules/media/blob.repository.js";
import type { Database } from "../../platform/database/client.js";
import { hasTable } from "../../platform/database/has-table.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import { findInstallation } from "../../platform/database/installation.repository.js";
import type { Storage } from "../../platform/storage/storage.js";
import { parseMark } from "./installation-mark.js";
import * as texts from "./installation-texts.js";
import type { FilesPlace } from "./open-storage.js";

export interface InstallationDeps {
  readonly db: Database;
  /** Unguarded, because the guard depends on the result. */
  readonly storage: Pick<Storage, "readMark" | "writeMark" | "stat" | "walk">;
  readonly place: FilesPlace;
}

/** Whether the database and the storage belong together. */
export interface InstallationFinding {
  /**
   * `same`: they do. `new`: both are empty. `adoptable`: the files match the database, but have no mark. `restored`:
   * they do, but the database is older than the files. `unfit`: they do not.
   */
  readonly state: "same" | "new" | "adoptable" | "restored" | "unfit";
  /** A message for the operator; for a problem, with instructions. */
  readonly detail: string;
  readonly database: Installation | null;
  readonly mark: Installation | null;
}

/** Compares the ids of the database and the storage. Read-only, and does not require a migrated database. */
export async function examineInstallation(deps: InstallationDeps): Promise<InstallationFinding> {
  const { db, storage, place } = deps;
  // The mark is read first: the epoch is increased in the database before the mark, and a concurrent increase must not
  // look like an older database.
  const mark = parseMark(await storage.readMark());
  const database = (await hasTable(db, "installation")) ? await findInstallation(db) : null;
  const found = (state: InstallationFinding["state"], detail: string) => ({ state, detail, database, mark });
  if (database && mark) {
    const ids = { files: mark.id, database: database.id };
    if (database.id !== mark.id) return found("unfit", texts.databaseOfAnother(place, ids));
    if (mark.epoch > database.epoch) return found("restored", texts.databaseIsOlder(place));
    return found("same", texts.belongTogether(database.id));
  }
  const keys = (await hasTable(db, "blobs")) ? await listSampleKeys(db) : [];
  const isEmpty = await isEmptyStorage(storage);
  if (keys.length === 0)
    return isEmpty && !mark
      ? found("new", texts.areBothEmpty())
      : found("unfit", texts.databaseIsEmpty(place, mark?.id ?? null));
  const sample = { checked: keys.length, found: await countPresent(storage, keys) };
  if (mark) return found("unfit", texts.databaseHasNoId(place, mark.id, sample));
  if (isEmpty) return found("unfit", texts.filesAreMissing(place));
  return sample.found * 2 >= sample.checked
    ? found("adoptable", texts.match(sample))
    : found("unfit", texts.filesOfAnother(place, sample));
}

async function isEmptyStorage(storage: Pick<Storage, "walk">): Promise<boolean> {
  for await (const _ of storage.walk()) return false;
  return true;
}

async function countPresent(storage: Pick<Storage, "stat">, keys: readonly string[]): Promise<number> {
  let present = 0;
  for (const key of keys) if ((await storage.stat(key)) !== null) present += 1;
  return present;
}
