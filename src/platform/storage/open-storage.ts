import { join, resolve } from "node:path";
import type { Config } from "../config/config.js";
import { createLocalStorage, localTempFolder } from "./local.js";
import type { Storage } from "./storage.js";

export interface OpenedStorage {
  readonly storage: Storage;
  /** Where the files lie, for messages. */
  readonly place: string;
  /** The local folder below which all processes keep their temp files, whatever the storage is. */
  readonly tempRoot: string;
}

/** Opens the storage that the configuration chooses. */
export function openStorage({ FILEDESK_DATA }: Pick<Config, "FILEDESK_DATA">): OpenedStorage {
  const root = join(resolve(FILEDESK_DATA), "files");
  return { storage: createLocalStorage({ root }), place: root, tempRoot: localTempFolder(root) };
}
