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

/** On the embedded database a server locks the data folder; workers and commands run beside it, or alone. */
export type Role = "server" | "worker" | "command";

/** A database and how to release it. */
export interface FoundDatabase {
  readonly url: string;
  /** For connections that keep a session: it leads past a pooler. */
  readonly sessionUrl: string;
  /** The same as the role that owns the tables, if that is another one. */
  readonly migrateUrl?: string | undefined;
  /** Whether a pooler hands out another session for each transaction. */
  readonly transactionPooling: boolean;
  /** Whether it is the embedded database, which a process of Filedesk stops. */
  readonly isEmbedded: boolean;
  /**
   * Resolves with the reason when the embedded database has ended: it died, or the process that runs it has stopped it.
   */
  readonly lost: Promise<string>;
  close(): Promise<void>;
}

interface Wanted {
  readonly config: Config;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly role: Role;
}

/** How long to wait for a server that is starting or stopping. */
const JOIN_LIMIT_MS = 30 * SECOND_MS;
const POLL_MS = 50;
const WATCH_INTERVAL_MS = 2 * SECOND_MS;

/**
 * Returns the external database, or the embedded one, which is started here unless another process on this data folder
 * already runs it. A server on the embedded database locks the data folder; any number may run on an external one, on
 * data folders of their own or on one that they share.
 *
 * @throws Error with the reason
 */
export async function findDatabase(wanted: Wanted): Promise<FoundDatabase> {
  const { config, dataFolder, role } = wanted;
  if (config.DATABASE_URL) return external(config.DATABASE_URL, config);
  if (role !== "server") return startOrJoin(wanted);
  return startWithLock(await lockDataFolder(dataFolder), wanted);
}

/**
 * Repeats until it has the lock or finds a running database, because the holder of the lock may be starting or stopping
 * it.
 */
async function startOrJoin(wanted: Wanted): Promise<FoundDatabase> {
  const deadline = performance.now() + JOIN_LIMIT_MS;
  for (;;) {
    const attempt = await tryToLockDataFolder(wanted.dataFolder);
    if ("release" in attempt) return startWithLock(attempt, wanted);
    const url = await findEmbeddedPostgres(clusterFolder(wanted.dataFolder));
    if (url) return { ...embedded(url), ...watch(url, wanted.dataFolder) };
    if (performance.now() > deadline)
      throw new Error(
        `Process ${attempt.holder} uses the data folder ${wanted.dataFolder}, but its database takes no connections. ` +
          "Stop it and try again, or set DATABASE_URL to the database that it uses.",
      );
    await delay(POLL_MS);
  }
}

async function startWithLock(
  lock: { release(): Promise<void> },
  { dataFolder, log }: Wanted,
): Promise<FoundDatabase> {
  try {
    const postgres = await startEmbeddedPostgres({
      folder: clusterFolder(dataFolder),
      log: (line) => log.debug({ postgres: line }, "postgres"),
    });
    return {
      ...embedded(postgres.socketUrl),
      lost: postgres.died.then((end) => `its embedded Postgres has ended (${end}); start it again`),
      close: () => postgres.stop().finally(() => lock.release()),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const never = new Promise<never>(() => {});

const external = (
  url: string,
  {
    DATABASE_LISTEN_URL = url,
    DATABASE_MIGRATE_URL,
    DATABASE_PREPARE,
  }: Pick<Config, "DATABASE_LISTEN_URL" | "DATABASE_MIGRATE_URL" | "DATABASE_PREPARE">,
): FoundDatabase => ({
  url,
  sessionUrl: DATABASE_LISTEN_URL,
  migrateUrl: DATABASE_MIGRATE_URL,
  transactionPooling: !DATABASE_PREPARE,
  isEmbedded: false,
  lost: never,
  close: async () => {},
});

const embedded = (url: string) => ({ url, sessionUrl: url, transactionPooling: false, isEmbedded: true });

/** Watches a database that another process runs. After a restart it has another port. */
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
