import { listSampleKeys } from "../../modules/media/blob.repository.js";
import { hasTable } from "../../platform/database/has-table.js";
import { findInstallation } from "../../platform/database/installation.repository.js";
import type { Storage } from "../../platform/storage/storage.js";
import { examineMoving } from "./examine-moving.js";
import type { InstallationDeps, InstallationFinding } from "./installation-finding.js";
import { isEmptyStorage } from "./installation-finding.js";
import { parseMark } from "./installation-mark.js";
import * as texts from "./installation-texts.js";

/** Compares the ids of the database and the storage. Read-only, and does not require a migrated database. */
export const examineInstallation = ({ from, ...deps }: InstallationDeps): Promise<InstallationFinding> =>
  from === undefined ? examineStorage(deps) : examineMoving(deps, from);

async function examineStorage(deps: Omit<InstallationDeps, "from">): Promise<InstallationFinding> {
  const { db, storage, place } = deps;
  // The mark is read first: the epoch is increased in the database before the mark, and a concurrent increase must not
  // look like an older database.
  const mark = parseMark(await storage.readMark());
  const database = (await hasTable(db, "installation")) ? await findInstallation(db) : null;
  const found = (state: InstallationFinding["state"], detail: string) => ({ state, detail, database, mark });
  if (database && mark) {
    const ids = { files: mark.id, database: database.id };
    if (database.id !== mark.id) return found("unfit", texts.databaseOfAnother(place, ids));
    if (mark.movedTo !== undefined) return found("unfit", texts.filesAreElsewhere(place, mark.movedTo));
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

async function countPresent(storage: Pick<Storage, "stat">, keys: readonly string[]): Promise<number> {
  let present = 0;
  for (const key of keys) if ((await storage.stat(key)) !== null) present += 1;
  return present;
}
