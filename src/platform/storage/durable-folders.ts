import { chmod, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { LRUCache } from "lru-cache";
import { isErrno } from "../../kernel/errno.js";

const FOLDER_MODE = 0o755;
const MAX_REMEMBERED = 10_000;

/** Creates folders below a root whose entries survive a power failure. */
export interface DurableFolders {
  /** Creates a folder and missing folders above it. Free if it is already known. */
  make(folder: string): Promise<void>;
  /** Called when a known folder turns out to be missing, so that the next `make` creates it again. */
  forget(folder: string): void;
  /** Resolves when all entries that the folder had at the time of the call are on the disk. */
  sync(folder: string): Promise<void>;
}

export function createDurableFolders(root: string): DurableFolders {
  const made = new LRUCache<string, Promise<void>>({ max: MAX_REMEMBERED });

  const makeSynced = async (folder: string): Promise<void> => {
    const parent = dirname(folder);
    if (folder === root) await mkdir(parent, { recursive: true });
    else await make(parent);
    await makeFolder(folder);
    // Also if it exists: its creator may have been killed before the sync.
    await syncFolder(parent).catch((error: unknown) => {
      // Folders above the root may belong to another account.
      if (folder !== root || !isErrno(error, "EACCES")) throw error;
    });
  };
  const make = (folder: string): Promise<void> => {
    const known = made.get(folder);
    if (known) return known;
    const making = makeSynced(folder);
    made.set(folder, making);
    making.catch(() => made.get(folder) === making && made.delete(folder));
    return making;
  };
  const forget = (folder: string): void => {
    made.delete(folder);
    if (folder !== root) forget(dirname(folder));
  };
  return { make, forget, sync: shared(syncFolder) };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
    await chmod(folder, FOLDER_MODE); // regardless of the umask
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A running sync may miss entries that were renamed since it began, so concurrent callers share the next one. */
function shared(sync: (folder: string) => Promise<void>): (folder: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  const start = (folder: string): Promise<void> => {
    waiting.delete(folder);
    const run = sync(folder).finally(() => running.delete(folder));
    running.set(folder, run);
    return run;
  };
  return (folder) => {
    const current = running.get(folder);
    if (!current) return start(folder);
    const restart = () => start(folder);
    const next = waiting.get(folder) ?? current.then(restart, restart);
    waiting.set(folder, next);
    return next;
  };
}
