import type { Database } from "../../platform/database/client.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { FilesPlace } from "./open-storage.js";

/** A storage that may belong to an installation. */
export interface ExaminedStorage {
  /** Unguarded, because the guard depends on the result. */
  readonly storage: Pick<Storage, "readMark" | "writeMark" | "stat" | "walk">;
  readonly place: FilesPlace;
}

export interface InstallationDeps extends ExaminedStorage {
  readonly db: Database;
  /** The storage that files are being moved from. */
  readonly from?: ExaminedStorage | undefined;
}

/** The storages of an installation: two while files are being moved. */
export const storagesOf = ({ storage, place, from }: InstallationDeps): readonly ExaminedStorage[] => [
  { storage, place },
  ...(from === undefined ? [] : [from]),
];

/** Whether the database and the storage belong together. */
export interface InstallationFinding {
  /**
   * `same`: they do. `new`: both are empty. `adoptable`: the files match the database, but have no mark, or the storage
   * that they are moved to is empty. `restored`: they do, but the database is older than the files. `unfit`: they do not.
   */
  readonly state: "same" | "new" | "adoptable" | "restored" | "unfit";
  /** A message for the operator; for a problem, with instructions. */
  readonly detail: string;
  readonly database: Installation | null;
  /** Of two storages, the mark with the later epoch. */
  readonly mark: Installation | null;
}

export async function isEmptyStorage(storage: Pick<Storage, "walk">): Promise<boolean> {
  for await (const _ of storage.walk()) return false;
  return true;
}
