import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import { bootstrapAdmin } from "../../modules/identity/users/bootstrap-admin.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { EventFeed } from "../../platform/events/feed/feed.js";
import { stopListening } from "../../platform/http/connections/stop-listening.js";
import { createStopNotice } from "../../platform/http/connections/stop-notice.js";
import type { Services } from "../wiring/services.js";
import { createHttp } from "./http.js";
import { openDesk } from "./open-desk.js";
import { warnOfFewDescriptors } from "./open-file-limit.js";

/** A running server. */
export interface Desk {
  readonly url: string;
  /** The URL of the metrics; null if they are not served. */
  readonly metricsUrl: string | null;
  readonly http: FastifyInstance;
  readonly services: Services;
  readonly database: DatabaseClient;
  readonly feed: EventFeed<Viewer>;
  /** Resolves with the reason when the embedded database has ended. */
  readonly databaseLost: Promise<string>;
  /** Lets load balancers notice that this server is about to close, while it still serves requests. */
  announceClose(): Promise<void>;
  /** Lets running work finish, then closes everything in the reverse order of opening. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Cancels the start between two steps. */
  readonly signal?: AbortSignal;
  /** Called with every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

/** Starts the server: data folder, database, migrations, services, HTTP, and jobs unless WORKER is off. */
export async function serve(options: ServeOptions): Promise<Desk> {
  const { config, log, signal } = options;
  const open = await openDesk({ ...options, role: "server" });
  const closers: (() => Promise<unknown>)[] = [() => open.close()];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  const { services, database, feed, telemetry, databaseLost } = open;
  await warnOfFewDescriptors(log);
  try {
    signal?.throwIfAborted();
    if (config.ADMIN_EMAIL && config.ADMIN_PASSWORD)
      await bootstrapAdmin(database.db, { email: config.ADMIN_EMAIL, password: config.ADMIN_PASSWORD });
    if (config.demoData) {
      const { seedDemo } = await import("../demo/seed-demo.js");
      await seedDemo(database, services);
    }

    const stopNotice = createStopNotice();
    const http = await createHttp({ config, services, database, log, feed, telemetry, stopNotice });
    // The feed is closed as well, because open subscriptions would delay the end of the HTTP server.
    let lastConnection: Promise<void> | undefined;
    closers.push(() => Promise.all([feed.close(), http.close(), lastConnection, open.stopJobs()]));
    signal?.throwIfAborted();
    const url = await http.listen({ host: config.HOST, port: config.PORT });
    if (config.WORKER) await open.work();
    const announceClose = async () => {
      stopNotice.give();
      if (config.SHUTDOWN_DELAY_SECONDS === 0) return;
      await delay(config.SHUTDOWN_DELAY_SECONDS * SECOND_MS);
      lastConnection = (await stopListening(http.server)).ended;
    };
    const { metricsUrl } = telemetry;
    return { url, metricsUrl, http, services, database, feed, databaseLost, announceClose, close };
  } catch (error) {
    await close();
    throw error;
  }
}
