import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { bootstrapAdmin } from "../../modules/identity/users/bootstrap-admin.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { EventFeed } from "../../platform/events/feed/feed.js";
import type { Services } from "../wiring/services.js";
import { createHttp } from "./http.js";
import { openDesk } from "./open-desk.js";
import { warnOfFewDescriptors } from "./open-file-limit.js";

/** A server that runs. */
export interface Desk {
  readonly url: string;
  readonly http: FastifyInstance;
  readonly services: Services;
  readonly database: DatabaseClient;
  readonly feed: EventFeed<Viewer>;
  /** Resolves when the embedded database has gone for good, with the reason. */
  readonly databaseLost: Promise<string>;
  /** Lets what is under way finish, then closes everything in the opposite order of its opening. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Gives the start up between two of its steps. */
  readonly signal?: AbortSignal;
  /** Told of every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

/** Starts everything: data folder, database, migrations, services, HTTP, and the running of jobs unless WORKER is off. */
export async function serve(options: ServeOptions): Promise<Desk> {
  const { config, log, signal } = options;
  const open = await openDesk({ ...options, role: "server" });
  const closers: (() => Promise<unknown>)[] = [() => open.close()];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  const { services, database, feed, databaseLost } = open;
  await warnOfFewDescriptors(log);
  try {
    signal?.throwIfAborted();
    if (config.ADMIN_EMAIL && config.ADMIN_PASSWORD)
      await bootstrapAdmin(database.db, { email: config.ADMIN_EMAIL, password: config.ADMIN_PASSWORD });
    if (config.demoData) {
      const { seedDemo } = await import("../demo/seed-demo.js");
      await seedDemo(database, services);
    }

    const http = await createHttp({ config, services, database, log, feed });
    // What is followed ends first: its connections would hold up the end of the others.
    closers.push(() => Promise.all([feed.close(), http.close(), open.stopJobs()]));
    signal?.throwIfAborted();
    const url = await http.listen({ host: config.HOST, port: config.PORT });
    if (config.WORKER) await open.jobQueue.work();
    return { url, http, services, database, feed, databaseLost, close };
  } catch (error) {
    await close();
    throw error;
  }
}
