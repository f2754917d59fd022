import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MigrationMeta } from "drizzle-orm/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import type postgres from "postgres";
import { packageRoot } from "../../kernel/package-root.js";
import { withAddedEnumValues } from "./added-enum-values.js";
import type { Database } from "./client.js";
import { connectDriver } from "./connect-driver.js";
import { sqlState } from "./faults.js";
import { findHost } from "./open-connection.js";

const OLDEST_SUPPORTED = 150_000;
/** An arbitrary number that all instances share. */
const MIGRATION_LOCK = 7_305_101_411;
const migrationsFolder = join(packageRoot, "drizzle");

/** SQLSTATE (PostgreSQL Appendix A). */
const DUPLICATE_TABLE = "42P07";

const occupied = (error: unknown) => {
  const { message } = (error as Error).cause as Error;
  return new Error(
    `The database belongs to another program, or was restored without its schema "drizzle" (${message}). ` +
      "Set DATABASE_URL to a database of Filedesk's own, or restore the whole backup.",
  );
};

export interface MigrationOptions {
  /** Leads past a pooler, because the lock belongs to the session. */
  readonly url: string;
  /** Runs under the same lock, after the migrations, if the role owns the tables. */
  readonly afterwards?: (db: Database) => Promise<void>;
}

/**
 * Applies pending migrations under a lock, so that other instances wait. A role that does not own the tables changes
 * nothing.
 *
 * @returns whether the role owns the tables
 * @throws if the server is older than Postgres 15, or if migrations are pending and the role does not own the tables
 */
export async function runMigrations({ url, afterwards }: MigrationOptions): Promise<boolean> {
  const sql = connectDriver(await findHost(url), { max: 1, fetch_types: false });
  try {
    const [server] = await sql<
      { version: number }[]
    >`select current_setting('server_version_num')::int as version`;
    if (!server || server.version < OLDEST_SUPPORTED)
      throw new Error(
        `Filedesk needs Postgres 15 or newer; DATABASE_URL leads to ${Math.floor((server?.version ?? 0) / 10_000)}.`,
      );
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
    const [role] = await sql<{ name: string; isOwner: boolean }[]>`
      select current_user as name, coalesce(
        (select pg_has_role(nspowner, 'USAGE') from pg_namespace where nspname = 'drizzle'), true) as "isOwner"`;
    if (!role?.isOwner) {
      const { pending } = await readMigrations(sql);
      if (pending.length > 0) throw notTheOwner(role?.name ?? "", pending);
      return false;
    }
    const db = drizzle(sql);
    await migrate(db, { migrationsFolder }).catch((error: unknown) => {
      throw sqlState(error) === DUPLICATE_TABLE ? occupied(error) : error;
    });
    await afterwards?.(db);
    return true;
  } finally {
    await sql.end();
  }
}

/** A migration that this version knows: when it was made, and the hash of its statements. */
export type KnownMigration = Pick<MigrationMeta, "folderMillis" | "hash">;

export const knownMigrations = (): readonly KnownMigration[] => readMigrationFiles({ migrationsFolder });

/**
 * The statements that create the schema as it was after a migration, in an empty database, and the one with which a
 * transaction first keeps other processes from migrating it. They do not record the migrations.
 */
export function schemaUpTo(lastMigration: number): { readonly lock: string; readonly statements: string[] } {
  const statements = readMigrationFiles({ migrationsFolder })
    .filter(({ folderMillis }) => folderMillis <= lastMigration)
    .flatMap(({ sql }) => sql);
  return {
    lock: `select pg_advisory_xact_lock(${MIGRATION_LOCK})`,
    // As the migrator creates it.
    statements: [
      "create schema if not exists drizzle",
      "create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)",
      ...withAddedEnumValues(statements),
    ],
  };
}

const notTheOwner = (role: string, pending: readonly string[]) =>
  new Error(
    `Migrations are missing (${pending.join(", ")}), and the role ${role} does not own the tables. ` +
      "Run filedesk migrate with DATABASE_MIGRATE_URL set to the role that does.",
  );

export interface Migrations {
  /** Version of the Postgres server, such as `18.4`. */
  readonly serverVersion: string;
  readonly applied: number;
  /** How many of them this version does not know: they are those of a later one. */
  readonly unknown: number;
  /** Names of the pending migrations, in their order. */
  readonly pending: readonly string[];
}

/** The applied and pending migrations of a database. Read-only. */
export async function migrationsOf(url: string): Promise<Migrations> {
  const sql = connectDriver(await findHost(url), { max: 1, fetch_types: false });
  try {
    return await readMigrations(sql);
  } finally {
    await sql.end();
  }
}

async function readMigrations(sql: postgres.Sql): Promise<Migrations> {
  const journal = JSON.parse(await readFile(join(migrationsFolder, "meta/_journal.json"), "utf8")) as {
    entries: { tag: string; when: number }[];
  };
  const [server] = await sql<{ version: string; isBegun: boolean }[]>`
    select current_setting('server_version') as version,
      to_regclass('drizzle.__drizzle_migrations') is not null as "isBegun"`;
  const rows = server?.isBegun
    ? await sql<{ when: string }[]>`select created_at as when from drizzle.__drizzle_migrations`
    : [];
  const last = Math.max(0, ...rows.map(({ when }) => Number(when)));
  const known = new Set(journal.entries.map(({ when }) => when));
  return {
    serverVersion: server?.version ?? "",
    applied: rows.length,
    unknown: rows.filter(({ when }) => !known.has(Number(when))).length,
    pending: journal.entries.filter(({ when }) => when > last).map(({ tag }) => tag),
  };
}
