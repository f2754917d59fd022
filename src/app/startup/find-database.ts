import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import type { Config } from "../../platform/config/config.js";
import { lockDataFolder, tryToLockDataFolder } from "../../platform/data-folder-lock.js";
import {
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../platform/database/embedded/embedded-postgres.js";

/** A server has the data folder to itself; workers and commands work beside it, or alone. */
export type Role = "server" | "worker" | "command";

/** The way to a database, and what to let go of when it is no longer needed. */
export interface FoundDatabase {
  readonly url: string;
  /** Resolves when the embedded database has gone for good: it died, or the process that runs it stopped it. Says which. */
  readonly lost: Promise<string>;
  close(): Promise<void>;
}

interface Wanted {
  readonly config: Config;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly role: Role;
}

/** How long a server that is about to start or to stop is waited for. */
const JOIN_LIMIT_MS = 30 * SECOND_MS;
const POLL_MS = 50;
const WATCH_INTERVAL_MS = 2 * SECOND_MS;

/**
 * The outside database; or the embedded one, started here, or joined when a server on this data folder runs it
 * already. A server locks the data folder in either case.
 *
 * @throws Error that says what is in the way
 */
export async function findDatabase(wanted: Wanted): Promise<FoundDatabase> {
  const { config, dataFolder, role } = wanted;
  if (role !== "server" && config.DATABASE_URL) return outside(config.DATABASE_URL);
  if (role !== "server") return startOrJoin(wanted);

  const lock = await lockDataFolder(dataFolder);
  if (config.DATABASE_URL) return { ...outside(config.DATABASE_URL), close: () => lock.release() };
  return startUnder(lock, wanted);
}

/** The lock may change hands while we look: whoever has it runs the database, or is about to start or stop it. */
async function startOrJoin(wanted: Wanted): Promise<FoundDatabase> {
  const deadline = performance.now() + JOIN_LIMIT_MS;
  for (;;) {
    const attempt = await tryToLockDataFolder(wanted.dataFolder);
    if ("release" in attempt) return startUnder(attempt, wanted);
    const url = await findEmbeddedPostgres(clusterFolder(wanted.dataFolder));
    if (url) return { url, ...watch(url, wanted.dataFolder) };
    if (performance.now() > deadline)
      throw new Error(
        `Process ${attempt.holder} uses the data folder ${wanted.dataFolder}, but its database takes no connections. ` +
          "Stop it and try again, or set DATABASE_URL to the database that it uses.",
      );
    await delay(POLL_MS);
  }
}

async function startUnder(
  lock: { release(): Promise<void> },
  { dataFolder, log }: Wanted,
): Promise<FoundDatabase> {
  try {
    const postgres = await startEmbeddedPostgres({
      folder: clusterFolder(dataFolder),
      log: (line) => log.debug({ postgres: line }, "postgres"),
    });
    return {
      url: postgres.url,
      lost: postgres.died.then((end) => `its embedded Postgres has ended (${end}); start it again`),
      close: () => postgres.stop().finally(() => lock.release()),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const never = new Promise<never>(() => {});

const outside = (url: string): FoundDatabase => ({ url, lost: never, close: async () => {} });

/** A database that somebody else runs. When it starts again, it has another port. */
function watch(url: string, dataFolder: string): Pick<FoundDatabase, "lost" | "close"> {
  const stopped = new AbortController();
  const lost = (async () => {
    while (!stopped.signal.aborted) {
      await delay(WATCH_INTERVAL_MS, undefined, { ref: false, signal: stopped.signal }).catch(() => {});
      if (!stopped.signal.aborted && (await findEmbeddedPostgres(clusterFolder(dataFolder))) !== url)
        return "the server that runs its database has stopped";
    }
    return never;
  })();
  return { lost, close: async () => stopped.abort() };
}

const clusterFolder = (dataFolder: string): string => join(dataFolder, "postgres");
