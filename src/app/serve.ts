import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { MINUTE_MS } from "../kernel/clock.js";
import { bootstrapAdmin } from "../modules/identity/bootstrap-admin.js";
import { deleteEndedSessions } from "../modules/identity/session.repository.js";
import type { Config } from "../platform/config/config.js";
import type { DatabaseClient } from "../platform/database/client.js";
import { deleteEndedWindows } from "../platform/rate-limit/rate-limit.repository.js";
import { startSchedule } from "../platform/schedule.js";
import { seedDemo } from "./demo/seed-demo.js";
import { createHttp } from "./http.js";
import { openDesk } from "./open-desk.js";
import type { Services } from "./services.js";

/** A server that runs. */
export interface Desk {
  readonly url: string;
  readonly http: FastifyInstance;
  readonly services: Services;
  readonly database: DatabaseClient;
  /** Lets what is under way finish, then closes everything in the opposite order of its opening. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Told of every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

/** Starts everything: data folder, database, migrations, services, HTTP, recurring tasks. */
export async function serve({ config, log, onStatement }: ServeOptions): Promise<Desk> {
  const open = await openDesk({ config, log, role: "server", ...(onStatement && { onStatement }) });
  const closers: (() => Promise<unknown>)[] = [() => open.close()];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  const { services, database } = open;
  try {
    if (config.ADMIN_EMAIL && config.ADMIN_PASSWORD)
      await bootstrapAdmin(database.db, { email: config.ADMIN_EMAIL, password: config.ADMIN_PASSWORD });
    if (config.demoData) await seedDemo(database, services);

    const http = await createHttp({ config, services, database, log });
    closers.push(() => http.close());
    const url = await http.listen({ host: config.HOST, port: config.PORT });
    const schedule = startSchedule(recurringTasks(services, database), log);
    closers.push(() => schedule.stop());
    return { url, http, services, database, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function recurringTasks({ upkeep }: Services, { db }: DatabaseClient) {
  return [
    { name: "sweep-storage", everyMs: 15 * MINUTE_MS, run: () => upkeep.sweepStorage() },
    { name: "purge-deleted", everyMs: 60 * MINUTE_MS, run: () => upkeep.purgeDeleted() },
    { name: "end-rate-limits", everyMs: 60 * MINUTE_MS, run: () => deleteEndedWindows(db) },
    { name: "end-sessions", everyMs: 60 * MINUTE_MS, run: () => deleteEndedSessions(db, new Date()) },
  ];
}
