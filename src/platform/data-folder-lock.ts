import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunning, ownStart } from "./running-process.js";

export interface DataFolderLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** The process that holds a lock, and its start time, because process ids are reused (in a container immediately). */
interface Holder {
  readonly pid: number;
  /** Boot id and start time in kernel ticks; null if the system does not provide it. */
  readonly started: string | null;
  /** Distinguishes the locks of one process. */
  readonly id: string;
}

const LOCK_NAME = "server.lock";
const CANDIDATE_ENDING = ".candidate";

/**
 * Makes this process the only server on the data folder, which is created if missing. The lock of a killed process is
 * taken over; if several processes race for it, one wins.
 *
 * Only processes of the same machine (and container) are detected.
 *
 * @throws Error that names the folder, the process that holds it, and what to do
 */
export async function lockDataFolder(folder: string): Promise<DataFolderLock> {
  const attempt = await tryToLockDataFolder(folder);
  if ("release" in attempt) return attempt;
  throw new Error(
    `Another Filedesk server (process ${attempt.holder}) uses the data folder ${folder}. ` +
      "Stop it first, or set FILEDESK_DATA to another folder for this one (and PORT to another port).",
  );
}

/**
 * As `lockDataFolder`, without an error if another process holds the lock. @returns the lock, or the id of the process
 * that holds it
 */
export async function tryToLockDataFolder(folder: string): Promise<DataFolderLock | { holder: number }> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, LOCK_NAME);
  const self: Holder = { pid: process.pid, started: ownStart(), id: randomUUID() };
  const holder = await acquire(path, self);
  if (holder !== self) return { holder: holder.pid };
  await removeCandidates(folder);
  return { release: () => release(path, self) };
}

/**
 * @returns the holder of the lock: `self`, or a running process
 *
 * Three rules make it safe. A lock file appears complete or not at all, and never replaces another one (link of a
 * finished file). Only its owner removes a lock. A dead owner's lock is only replaced by the holder of a second lock of
 * the same kind, after another check.
 */
async function acquire(path: string, self: Holder): Promise<Holder> {
  for (;;) {
    if (await placeLock(path, self, link)) return self;
    const holder = await readHolder(path);
    if (!holder) continue;
    if (await isRunning(holder.pid, holder.started)) return holder;

    const takeover = `${path}.takeover`;
    const rival = await acquire(takeover, self);
    if (rival !== self) return rival;
    try {
      const same = (await readHolder(path))?.id === holder.id;
      if (same && (await placeLock(path, self, rename))) return self;
    } finally {
      await release(takeover, self);
    }
  }
}

/** Creates a lock file by `link` (fails if it exists) or by `rename` (replaces it). @returns false if it failed */
async function placeLock(path: string, holder: Holder, move: typeof link): Promise<boolean> {
  const candidate = `${path}.${randomUUID()}${CANDIDATE_ENDING}`;
  await writeFile(candidate, JSON.stringify(holder), { flag: "wx", mode: 0o644 });
  try {
    await move(candidate, path);
    return true;
  } catch (error) {
    // ENOENT: the winner has removed the candidates.
    if (["EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  } finally {
    await rm(candidate, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(
      `The lock file ${path} can not be read: ${(error as Error).message}. Remove it if no server runs.`,
    );
  }
}

async function release(path: string, self: Holder): Promise<void> {
  if ((await readHolder(path))?.id === self.id) await rm(path, { force: true });
}

/** Removes candidates of killed processes. Live rivals lose theirs too, and retry. */
async function removeCandidates(folder: string): Promise<void> {
  const names = await readdir(folder);
  const candidates = names.filter((name) => name.startsWith(LOCK_NAME) && name.endsWith(CANDIDATE_ENDING));
  await Promise.all(candidates.map((name) => rm(join(folder, name), { force: true })));
}
