import { join, resolve } from "node:path";
import type { Config } from "../config/config.js";
import { createLocalStorage, localTempFolder } from "./local.js";
import type { Storage } from "./storage.js";

export interface OpenedStorage {
  readonly storage: Storage;
  /** Where the files are, for messages. */
  readonly location: string;
  /** The local folder for the temp files of all processes, independent of the kind of storage. */
  readonly tempRoot: string;
}

/** Opens the storage that the configuration selects. */
export function openStorage({ FILEDESK_DATA }: Pick<Config, "FILEDESK_DATA">): OpenedStorage {
  const root = join(resolve(FILEDESK_DATA), "files");
  return { storage: createLocalStorage({ root }), location: root, tempRoot: localTempFolder(root) };
}
