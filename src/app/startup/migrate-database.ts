import { sql } from "drizzle-orm";
import { setAuditRetention } from "../../modules/audit-log/audit-purge.repository.js";
import type { Database } from "../../platform/database/client.js";
import { connectDatabase } from "../../platform/database/client.js";
import { migrationsOf, runMigrations } from "../../platform/database/migrate.js";
import type { TableAccess } from "../../platform/database/table-access.js";
import { grantAccess } from "../../platform/database/table-access.js";
import { installQueueSchema, QUEUE_SCHEMA, QUEUE_STATEMENTS } from "../../platform/jobs/queue-schema.js";
import type { FoundDatabase } from "./find-database.js";
import { describeStartError } from "./start-faults.js";

export const MIGRATE_SETTING = "DATABASE_MIGRATE_URL";
export const AUDIT_LOG = "public.audit_log";
const MIGRATIONS_SCHEMA = "drizzle";
export const OUR_SCHEMAS = ["public", QUEUE_SCHEMA, MIGRATIONS_SCHEMA];

/** What the role of a running server may do (docs/decisions/0064). */
const SERVER_ACCESS: TableAccess = {
  schemas: ["public", QUEUE_SCHEMA],
  appendOnly: [AUDIT_LOG],
  readOnly: ["public.audit_retention", `${MIGRATIONS_SCHEMA}.__drizzle_migrations`, QUEUE_STATEMENTS],
  functions: [
    "public.purge_audit_entries(timestamp with time zone, integer)",
    "public.purge_audit_entries_of(uuid, integer)",
  ],
};

export interface Migrated {
  /** Whether the role of the server owns the tables. */
  readonly isOwner: boolean;
  /** The role that was given the access of a server; null if it needs none. */
  readonly granted: string | null;
}

type Urls = Pick<FoundDatabase, "sessionUrl" | "migrateUrl">;

/**
 * Migrates the database as the role that owns the tables, and gives the role of the server what it needs. Without the
 * URL of the owner, a server whose role is not the owner changes nothing.
 *
 * @param auditDays is the retention of the audit log; null leaves it as it is
 * @throws Error with instructions if migrations are pending and no role is known that may apply them
 */
export async function migrateDatabase(
  { sessionUrl, migrateUrl }: Urls,
  auditDays: number | null,
): Promise<Migrated> {
  const setRetention = async (db: Database) => {
    if (auditDays !== null) await setAuditRetention(db, auditDays);
  };
  if (migrateUrl === undefined) {
    const isOwner = await runMigrations({ url: sessionUrl, afterwards: setRetention });
    return { isOwner, granted: null };
  }
  const server = await roleOf(sessionUrl);
  const granted = await asOwner(() => migrateAndGrant(migrateUrl, { server, setRetention }));
  if ((await migrationsOf(sessionUrl)).pending.length > 0) throw anotherDatabase();
  return { isOwner: granted === null, granted };
}

/** Names of the pending migrations, in their order. Read-only. */
export async function pendingMigrations({ sessionUrl, migrateUrl }: Urls): Promise<readonly string[]> {
  const { pending } = await (migrateUrl === undefined
    ? migrationsOf(sessionUrl)
    : asOwner(() => migrationsOf(migrateUrl)));
  return pending;
}

interface Grantee {
  readonly server: string;
  readonly setRetention: (db: Database) => Promise<void>;
}

/** @returns the role that was given access; null if it may act as the owner, and would only lose rights */
async function migrateAndGrant(
  migrateUrl: string,
  { server, setRetention }: Grantee,
): Promise<string | null> {
  let granted: string | null = null;
  const isOwner = await runMigrations({
    url: migrateUrl,
    async afterwards(db) {
      await setRetention(db);
      if (await mayActAs(db, server)) return;
      await installQueueSchema(migrateUrl);
      await grantAccess(db, server, SERVER_ACCESS);
      granted = server;
    },
  });
  if (!isOwner) throw notTheOwner(await roleOf(migrateUrl));
  return granted;
}

/** Names the setting in the errors of a connection of the owner. */
export async function asOwner<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new Error(describeStartError(error as Error, MIGRATE_SETTING), { cause: error });
  }
}

async function roleOf(url: string): Promise<string> {
  const { db, close } = connectDatabase(url, { connections: 1 });
  try {
    const [row] = await db.execute<{ name: string }>(sql`select current_user as name`);
    return row?.name ?? "";
  } finally {
    await close();
  }
}

/** Whether a role has the rights of the current one, as itself, as a member or as a superuser. */
async function mayActAs(db: Database, role: string): Promise<boolean> {
  const [row] = await db.execute<{ may: boolean }>(
    sql`select pg_has_role(${role}, current_user, 'MEMBER') as may`,
  );
  return row?.may ?? false;
}

const notTheOwner = (role: string) =>
  new Error(
    `The role ${role} of DATABASE_MIGRATE_URL does not own the tables. Set it to the role that does, ` +
      `or make it the owner: reassign owned by … to ${role}, in this database, as a superuser.`,
  );

const anotherDatabase = () =>
  new Error(
    "DATABASE_MIGRATE_URL and DATABASE_URL (or DATABASE_LISTEN_URL) lead to different databases: the one was migrated, " +
      "and migrations are missing in the other. Set both to the same database.",
  );
