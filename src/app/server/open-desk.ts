import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import { takeForWebhooks } from "../../modules/webhooks/webhook-outbox.repository.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import { connectDatabase } from "../../platform/database/client.js";
import type { EventBus } from "../../platform/events/bus/event-bus.js";
import { createPostgresBus } from "../../platform/events/bus/postgres-bus.js";
import { createEventFeed } from "../../platform/events/feed/event-feed.js";
import type { EventFeed } from "../../platform/events/feed/feed.js";
import type { EventOutbox } from "../../platform/events/log/event.repository.js";
import { withEventRecording } from "../../platform/events/log/record-event.js";
import type { JobQueue } from "../../platform/jobs/job-queue.js";
import { createJobQueue } from "../../platform/jobs/job-queue.js";
import type { FoundDatabase, Role } from "../startup/find-database.js";
import { findDatabase } from "../startup/find-database.js";
import { asOwner, migrateDatabase } from "../startup/migrate-database.js";
import type { StoredFiles } from "../startup/open-files.js";
import { openFiles, storedFiles } from "../startup/open-files.js";
import { readSecrets } from "../startup/secrets.js";
import { assertFit } from "../startup/settle-installation.js";
import { createServices } from "../wiring/create-services.js";
import { createJobs } from "../wiring/jobs.js";
import type { Services } from "../wiring/services.js";
import type { Telemetry } from "../wiring/telemetry.js";
import { openTelemetry } from "../wiring/telemetry.js";
import { drainMs } from "./drain-time.js";

/** Everything but HTTP: the common base of the server, workers and commands. */
export interface OpenDesk {
  readonly services: Services;
  readonly database: DatabaseClient;
  /** Open in a server; in other processes it only notifies the servers. */
  readonly feed: EventFeed<Viewer>;
  readonly databaseUrl: string;
  readonly dataFolder: string;
  /** Starts running jobs and sending to webhooks in this process. */
  work(): Promise<void>;
  readonly telemetry: Telemetry;
  /** Resolves with the reason when the embedded database has ended. */
  readonly databaseLost: Promise<string>;
  /** Takes no more jobs and deliveries, and lets running ones finish within the shutdown timeout. Idempotent. */
  stopJobs(): Promise<void>;
  /** Closes everything in the reverse order of opening. Idempotent. */
  close(): Promise<void>;
}

export interface OpenDeskOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly role: Role;
  /** Cancels the opening between two steps. */
  readonly signal?: AbortSignal;
  /** Called with every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

/**
 * Opens the data folder, the migrated database, the services and the job queue. Workers and commands can open them
 * while a server runs on the same data folder, and do not stop it when they close.
 *
 * @throws Error with the reason, after closing everything that was opened
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
    const telemetry = await openTelemetry({ config, role, log });
    closers.push(() => telemetry.close());
    const { url, sessionUrl, transactionPooling } = found;
    const client = connectDatabase(url, {
      sessionUrl,
      transactionPooling,
      connections: config.DATABASE_CONNECTIONS,
      // Other processes only serve the operator, who can wait.
      ...(role === "server" && { readTimeoutMs: config.READ_SECONDS * SECOND_MS }),
      ...(onStatement && { onStatement }),
      observe: telemetry.statements,
    });
    closers.push(() => client.close());
    const stored = telemetry.observeFiles(await storedFiles(config, client.background));
    await assertFitAsOwner(stored, found);
    // A command may run with other settings than the servers.
    const { isOwner } = await migrateDatabase(found, role === "command" ? null : config.AUDIT_DAYS);
    signal?.throwIfAborted();
    const files = await openFiles(stored, log);
    const bus = await createEventBus(config, client, log);
    const feed = createEventFeed<Viewer>({ db: client.db, bus, log, onDelivered: telemetry.onDelivered });
    closers.push(() => feed.close());
    const outbox: EventOutbox = { take: takeForWebhooks, onTaken: () => {} };
    const database = recordingEvents(client, feed, config.WEBHOOKS > 0 ? outbox : undefined);
    telemetry.watch({ database, feed });

    const jobQueue = createJobQueue({
      databaseUrl: url,
      sessionUrl,
      databaseIsStopped: found.isEmbedded,
      isOwner,
      log,
      works: role === "worker" || (role === "server" && config.WORKER),
      concurrency: config.WORKER_CONCURRENCY,
    });
    const secrets = await readSecrets(config, dataFolder);
    const shared = { config, database, telemetry, log };
    const services = await createServices({ ...shared, secrets, files, jobs: jobQueue.sender });
    closers.push(() => services.tempFolder.close());
    closers.push(() => services.refusals.flush());
    outbox.onTaken = services.webhookSender.wake;
    const work = backgroundWork(config, jobQueue, services);
    closers.push(work.stopJobs);
    await jobQueue.open(telemetry.observeJobs(createJobs({ config, database, services })));
    // Other processes only notify: they have no subscribers.
    if (role === "server") await feed.open(services);
    const { url: databaseUrl, lost: databaseLost } = found;
    return { services, database, feed, telemetry, databaseUrl, databaseLost, dataFolder, ...work, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Before the first migration, the role of the server may have no rights at all. */
async function assertFitAsOwner(
  stored: StoredFiles,
  { migrateUrl }: Pick<FoundDatabase, "migrateUrl">,
): Promise<void> {
  if (migrateUrl === undefined) return void (await assertFit(stored));
  const owner = connectDatabase(migrateUrl, { connections: 1 });
  try {
    await asOwner(() => assertFit({ ...stored, db: owner.background }));
  } finally {
    await owner.close();
  }
}

/** Jobs, and what is sent to webhooks. */
const backgroundWork = (
  config: Config,
  jobQueue: JobQueue,
  { webhookSender }: Pick<Services, "webhookSender">,
): Pick<OpenDesk, "work" | "stopJobs"> => ({
  async work() {
    await jobQueue.work();
    if (config.WEBHOOKS > 0) webhookSender.start();
  },
  async stopJobs() {
    await Promise.all([webhookSender.stop(drainMs(config)), jobQueue.stop(drainMs(config))]);
  },
});

/** The same database, whose transactions write their events, notify subscribers, and queue what webhooks get. */
const recordingEvents = (
  client: DatabaseClient,
  { notify }: Pick<EventFeed<Viewer>, "notify">,
  outbox: EventOutbox | undefined,
): DatabaseClient => ({
  db: withEventRecording(client.db, notify, outbox),
  background: withEventRecording(client.background, notify, outbox),
  sessionUrl: client.sessionUrl,
  get sql() {
    return client.sql;
  },
  poolUse: client.poolUse,
  close: client.close,
});

/** The Redis client is only loaded if it is used, because it takes a while and 20 MB. */
async function createEventBus(
  { REDIS_URL }: Config,
  database: DatabaseClient,
  log: Logger,
): Promise<EventBus> {
  if (REDIS_URL === undefined) return createPostgresBus({ database, log });
  const { createRedisBus } = await import("../../platform/events/bus/redis-bus.js");
  return createRedisBus({ url: REDIS_URL, log });
}
