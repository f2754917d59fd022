import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import { connectDatabase } from "../../platform/database/client.js";
import { runMigrations } from "../../platform/database/migrate.js";
import type { EventBus } from "../../platform/events/bus/event-bus.js";
import { createPostgresBus } from "../../platform/events/bus/postgres-bus.js";
import { createEventFeed } from "../../platform/events/feed/event-feed.js";
import type { EventFeed } from "../../platform/events/feed/feed.js";
import { withEventRecording } from "../../platform/events/log/record-event.js";
import type { JobQueue } from "../../platform/jobs/job-queue.js";
import { createJobQueue } from "../../platform/jobs/job-queue.js";
import type { Role } from "../startup/find-database.js";
import { findDatabase } from "../startup/find-database.js";
import { openFiles, storedFiles } from "../startup/open-files.js";
import { readSecrets } from "../startup/secrets.js";
import { assertFit } from "../startup/settle-installation.js";
import { createServices } from "../wiring/create-services.js";
import { createJobs } from "../wiring/jobs.js";
import type { Services } from "../wiring/services.js";
import { drainMs } from "./drain-time.js";

/** Everything but HTTP: what the server, a worker and every command stand on. */
export interface OpenDesk {
  readonly services: Services;
  readonly database: DatabaseClient;
  /** Open in a server; in other processes it only notifies the servers. */
  readonly feed: EventFeed<Viewer>;
  readonly databaseUrl: string;
  readonly dataFolder: string;
  /** Jobs can be asked for; `work` begins to run them here. */
  readonly jobQueue: JobQueue;
  /** Resolves when the embedded database has gone for good, with the reason. */
  readonly databaseLost: Promise<string>;
  /** Takes no more jobs and lets those under way finish, within the time of a shutdown. Idempotent. */
  stopJobs(): Promise<void>;
  /** Closes everything in the opposite order of its opening. Idempotent. */
  close(): Promise<void>;
}

export interface OpenDeskOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly role: Role;
  /** Gives the opening up between two of its steps. */
  readonly signal?: AbortSignal;
  /** Told of every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

/**
 * Opens data folder, database (migrated), services and the job queue. A worker or a command may open them beside a server that runs
 * on the same data folder, and leaves that alone at its close.
 *
 * @throws Error that says what is in the way, with nothing left open
 */
export async function openDesk(options: OpenDeskOptions): Promise<OpenDesk> {
  const { config, log, role, signal, onStatement } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const dataFolder = resolve(config.FILEDESK_DATA);
    await mkdir(dataFolder, { recursive: true });
    const found = await findDatabase({ config, dataFolder, log, role });
    closers.push(() => found.close());
    signal?.throwIfAborted();
    const client = connectDatabase(found.url, {
      connections: config.DATABASE_CONNECTIONS,
      // Other processes serve only the operator, who can wait.
      ...(role === "server" && { readTimeoutMs: config.READ_SECONDS * SECOND_MS }),
      ...(onStatement && { onStatement }),
    });
    closers.push(() => client.close());
    const stored = storedFiles(config, client.background);
    await assertFit(stored);
    await runMigrations(found.url);
    signal?.throwIfAborted();
    const files = await openFiles(stored, log);
    const bus = await createEventBus(config, client, log);
    const feed = createEventFeed<Viewer>({ db: client.db, bus, log });
    closers.push(() => feed.close());
    const database: DatabaseClient = {
      db: withEventRecording(client.db, feed.notify),
      background: withEventRecording(client.background, feed.notify),
      url: client.url,
      get sql() {
        return client.sql;
      },
      close: client.close,
    };

    const jobQueue = createJobQueue({
      databaseUrl: found.url,
      log,
      works: role === "worker" || (role === "server" && config.WORKER),
      concurrency: config.WORKER_CONCURRENCY,
    });
    const secrets = await readSecrets(config, dataFolder);
    const services = await createServices({
      config,
      secrets,
      database,
      files,
      jobs: jobQueue.sender,
      log,
    });
    closers.push(() => services.tempFolder.close());
    const stopJobs = () => jobQueue.stop(drainMs(config));
    closers.push(stopJobs);
    await jobQueue.open(createJobs({ config, database, services }));
    // Other processes only notify: they have no subscribers.
    if (role === "server") await feed.open(services);
    const { url: databaseUrl, lost: databaseLost } = found;
    return { services, database, feed, databaseUrl, databaseLost, dataFolder, jobQueue, stopJobs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The client of Redis takes a while and 20 MB to load: only who uses it does. */
async function createEventBus(
  { REDIS_URL }: Config,
  database: DatabaseClient,
  log: Logger,
): Promise<EventBus> {
  if (REDIS_URL === undefined) return createPostgresBus({ database, log });
  const { createRedisBus } = await import("../../platform/events/bus/redis-bus.js");
  return createRedisBus({ url: REDIS_URL, log });
}
