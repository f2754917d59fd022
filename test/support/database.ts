import { randomUUID } from "node:crypto";
import postgres from "postgres";

export interface TestDatabase {
  /** As the role that owns the tables. */
  readonly url: string;
  /** As the role of servers, which owns nothing; the owner's, if that is what servers run as. */
  readonly serverUrl: string;
  /** The settings of a server in this process: `serverUrl` through a Unix socket, which other drivers do not know. */
  readonly settings: { readonly DATABASE_URL: string };
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Whether servers run as the role that owns the tables, as with the embedded database. */
  readonly oneRole?: boolean;
}

/**
 * A new, migrated database of the test's own, copied in milliseconds from a template of `global-setup.js`. Its servers
 * run as a role that owns nothing, as an operator should have it.
 */
export async function createTestDatabase(
  template: "filedesk_template" | "filedesk_demo_template" = "filedesk_template",
  { oneRole = false }: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await asAdmin(`create database ${name} template ${template}`);
  const [url, socketUrl] = [adminUrl(), new URL(process.env.TEST_DATABASE_SOCKET_URL ?? adminUrl())];
  for (const one of [url, socketUrl]) one.pathname = `/${name}`;
  const ofServer = (one: URL) => (oneRole ? one.href : asServerRole(one));
  return {
    url: url.href,
    serverUrl: ofServer(url),
    settings: { DATABASE_URL: ofServer(socketUrl) },
    drop: () => dropDatabase(name),
  };
}

/** The URL of the same database for the role of servers, which `global-setup.js` has created. */
export function asServerRole(url: URL): string {
  const { TEST_SERVER_USER, TEST_SERVER_PASSWORD } = process.env;
  if (!TEST_SERVER_USER || !TEST_SERVER_PASSWORD)
    throw new Error("TEST_SERVER_USER is not set: run the tests through jest.");
  const own = new URL(url);
  own.username = TEST_SERVER_USER;
  own.password = encodeURIComponent(TEST_SERVER_PASSWORD);
  return own.href;
}

/** Runs statements on a connection of their own. */
export async function query(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** SQLSTATE (PostgreSQL Appendix A): here, that an autovacuum worker is in the database, which is the superuser's. */
const INSUFFICIENT_PRIVILEGE = "42501";

/** Drops a database, whoever is still connected. */
export async function dropDatabase(name: string): Promise<void> {
  try {
    await asAdmin(`drop database if exists ${name} with (force)`);
  } catch (error) {
    if ((error as postgres.PostgresError).code !== INSUFFICIENT_PRIVILEGE) throw error;
    // Without force it sends that worker away, whatever else is in its way.
    await asAdmin(`drop database if exists ${name}`).catch(() => {});
    await asAdmin(`drop database if exists ${name} with (force)`);
  }
}

function adminUrl(): URL {
  const { TEST_DATABASE_URL } = process.env;
  if (!TEST_DATABASE_URL) throw new Error("TEST_DATABASE_URL is not set: run the tests through jest.");
  return new URL(TEST_DATABASE_URL);
}

async function asAdmin(statement: string): Promise<void> {
  await query(adminUrl().href, statement);
}
