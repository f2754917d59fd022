import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../platform/config/config.js";
import type { DatabaseClient } from "../platform/database/client.js";
import { connectDatabase } from "../platform/database/client.js";
import { runMigrations } from "../platform/database/migrate.js";
import type { Role } from "./find-database.js";
import { findDatabase } from "./find-database.js";
import { readSecrets } from "./secrets.js";
import type { Services } from "./services.js";
import { createServices } from "./services.js";

/** Everything but HTTP and the jobs: what the server, a worker and every command stand on. */
export interface OpenDesk {
  readonly services: Services;
  readonly database: DatabaseClient;
  readonly databaseUrl: string;
  readonly dataFolder: string;
  /** Closes everything in the opposite order of its opening. Idempotent. */
  close(): Promise<void>;
}

export interface OpenDeskOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly role: Role;
  /** Told of every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

/**
 * Opens data folder, database (migrated) and services. A worker or a command may open them beside a server that runs
 * on the same data folder, and leaves that alone at its close.
 *
 * @throws Error that says what is in the way, with nothing left open
 */
export async function openDesk({ config, log, role, onStatement }: OpenDeskOptions): Promise<OpenDesk> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const dataFolder = resolve(config.FILEDESK_DATA);
    await mkdir(dataFolder, { recursive: true });
    const found = await findDatabase({ config, dataFolder, log, role });
    closers.push(() => found.close());
    await runMigrations(found.url);
    const database = connectDatabase(found.url, {
      connections: config.DATABASE_CONNECTIONS,
      ...(onStatement && { onStatement }),
    });
    closers.push(() => database.close());

    const secrets = await readSecrets(config, dataFolder);
    const services = await createServices({ config, secrets, database, dataFolder });
    closers.push(() => services.tempFolder.close());
    return { services, database, databaseUrl: found.url, dataFolder, close };
  } catch (error) {
    await close();
    throw error;
  }
}
