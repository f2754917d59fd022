import pLimit from "p-limit";
import { listSampleKeys } from "../../modules/media/blob.repository.js";
import type { Database } from "../../platform/database/client.js";
import { hasTable } from "../../platform/database/has-table.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import { findInstallation } from "../../platform/database/installation.repository.js";
import type { ExaminedStorage, InstallationDeps, InstallationFinding } from "./installation-finding.js";
import { isEmptyStorage } from "./installation-finding.js";
import { parseMark } from "./installation-mark.js";
import type { Sample } from "./installation-texts.js";
import * as texts from "./installation-texts.js";

interface Looked extends ExaminedStorage {
  readonly mark: Installation | null;
  /** Whether it has neither a mark nor files. */
  readonly isEmpty: boolean;
}

type Both = readonly [to: Looked, from: Looked];
type Found = (state: InstallationFinding["state"], detail: string) => InstallationFinding;

const STATS_AT_ONCE = 16;

/**
 * Compares the database with two storages while files are moved from one to the other. One of them may be empty: the
 * start marks it. Which one does not matter: servers first learn to read the new storage, then to write to it.
 */
export async function examineMoving(
  { db, ...to }: Omit<InstallationDeps, "from">,
  from: ExaminedStorage,
): Promise<InstallationFinding> {
  // Before the database, as with one storage.
  const looked: Both = [await look(to), await look(from)];
  const mark = newest(looked);
  const database = (await hasTable(db, "installation")) ? await findInstallation(db) : null;
  const found: Found = (state, detail) => ({ state, detail, database, mark });
  return database === null ? examineFirst(db, looked, found) : examineBoth(db, { looked, database, found });
}

async function look({ storage, place }: ExaminedStorage): Promise<Looked> {
  const mark = parseMark(await storage.readMark());
  if (mark !== null) return { storage, place, mark, isEmpty: false };
  if (await isEmptyStorage(storage)) return { storage, place, mark, isEmpty: true };
  // Another server may just have marked it and stored its first file.
  return { storage, place, mark: parseMark(await storage.readMark()), isEmpty: false };
}

const newest = (looked: Both): Installation | null =>
  looked.reduce<Installation | null>(
    (best, { mark }) => (mark !== null && mark.epoch > (best?.epoch ?? -1) ? mark : best),
    null,
  );

/** A database without an id: only a desk without any files can begin with two storages. */
async function examineFirst(db: Database, looked: Both, found: Found) {
  const hasFiles = (await hasTable(db, "blobs")) && (await listSampleKeys(db)).length > 0;
  const isNew = !hasFiles && looked.every(({ isEmpty }) => isEmpty);
  return isNew ? found("new", texts.areBothEmpty()) : found("unfit", texts.beginWithOneStorage());
}

interface Compared {
  readonly looked: Both;
  readonly database: Installation;
  readonly found: Found;
}

async function examineBoth(db: Database, { looked, database, found }: Compared) {
  for (const { place, mark, isEmpty } of looked) {
    if (mark !== null && mark.id !== database.id)
      return found("unfit", texts.databaseOfAnother(place, { files: mark.id, database: database.id }));
    if (mark === null && !isEmpty) return found("unfit", texts.filesWithoutMark(place));
  }
  const [unmarked, ...others] = looked.filter(({ mark }) => mark === null);
  if (others.length > 0) return found("unfit", texts.filesAreMissing(looked[1].place));
  const ahead = looked.find(({ mark }) => (mark?.epoch ?? 0) > database.epoch);
  if (ahead) return found(unmarked ? "unfit" : "restored", texts.databaseIsOlder(ahead.place));
  const sample = await sampleIn(db, looked);
  // An empty storage may be one that is not mounted, and the latest files are in it: then some are found nowhere.
  const needed = unmarked ? sample.checked : sample.checked / 2;
  if (sample.found < needed)
    return found(
      "unfit",
      texts.filesInNeither(
        looked.map(({ place }) => place),
        sample,
      ),
    );
  return unmarked
    ? found("adoptable", texts.isMarkedNext(unmarked.place))
    : found("same", texts.belongTogether(database.id));
}

/** How many of a sample of the files, without those known to be lost, are in any of the storages. */
async function sampleIn(db: Database, looked: readonly Looked[]): Promise<Sample> {
  const keys = await listSampleKeys(db, { lost: false });
  const limit = pLimit(STATS_AT_ONCE);
  const isThere = async (key: string) => {
    for (const { storage } of looked) if ((await storage.stat(key)) !== null) return true;
    return false;
  };
  const present = await Promise.all(keys.map((key) => limit(isThere, key)));
  return { checked: keys.length, found: present.filter(Boolean).length };
}
