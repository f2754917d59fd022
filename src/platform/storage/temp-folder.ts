import { createHash } from "node:crypto";
import { readdir, rm, rmdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { MINUTE_MS } from "../../kernel/clock.js";
import { isErrno } from "../../kernel/errno.js";
import { isRunning, ownProcessSpace, ownStart, startOf } from "../running-process.js";
import type { TempFile } from "./temp-file.js";
import { createTempFile, makePrivateFolder } from "./temp-file.js";

export interface TempFolder {
  readonly path: string;
  open(): Promise<TempFile>;
  /** Removes folders of ended processes next to it. */
  removeAbandoned(): Promise<void>;
  /** Removes the folder if it is empty. */
  close(): Promise<void>;
}

/**
 * Processes of other containers, which cannot be checked from here, show that they are alive by touching their folders.
 */
const TOUCH_EVERY_MS = MINUTE_MS;
const GONE_AFTER_MS = 15 * MINUTE_MS;

/** Process space, process id, start time. */
const OWNED = /^([0-9a-f]{12})-(\d+)-([0-9a-f]{12})$/;

/**
 * Creates this process' own folder for temp files below `parent`, readable only by its owner, and removes the folders
 * of killed processes. Those of running processes, including other containers, are kept.
 */
export async function openTempFolder(parent: string): Promise<TempFolder> {
  const path = ownTempFolder(parent);
  await makePrivateFolder(parent);
  await makePrivateFolder(path);
  await removeAbandoned(parent);
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {}); // created again by the next temp file if it was removed
  }, TOUCH_EVERY_MS);
  touching.unref();
  return {
    path,
    open: async () => createTempFile(path),
    removeAbandoned: () => removeAbandoned(parent),
    async close() {
      clearInterval(touching);
      await rmdir(path).catch((error: unknown) => {
        if (!isErrno(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
      });
    },
  };
}

/** A temp folder in which no file is created while its storage is unavailable. */
export const guardTempFolder = (folder: TempFolder, assertOurs: () => Promise<void>): TempFolder => ({
  ...folder,
  async open() {
    await assertOurs();
    return folder.open();
  },
});

/** The path of this process' own folder below `parent`; `createTempFile` creates it. */
export const ownTempFolder = (parent: string): string => join(parent, ownName());

/** Removes folders of ended processes, and unknown files, below `parent`. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const path = join(parent, name);
    if (!(await isAbandoned(path, name))) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function isAbandoned(path: string, name: string): Promise<boolean> {
  const [, space, pid, start] = OWNED.exec(name) ?? [];
  if (space === undefined) return true;
  const isOurSpace = space === digest(ownProcessSpace() ?? "");
  if (isOurSpace && ownProcessSpace() !== null) return !(await isRunningSince(Number(pid), start ?? ""));
  if (isOurSpace && !(await isRunning(Number(pid), null))) return true;
  const touched = await stat(path).catch(() => null);
  return touched === null || Date.now() - touched.mtimeMs > GONE_AFTER_MS;
}

const isRunningSince = async (pid: number, start: string): Promise<boolean> =>
  digest((await startOf(pid)) ?? "gone") === start;

const ownName = (): string => `${digest(ownProcessSpace() ?? "")}-${process.pid}-${digest(ownStart() ?? "")}`;

/** Short enough for a file name, and long enough to be unique. */
const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
