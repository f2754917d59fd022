import { randomUUID } from "node:crypto";
import postgres from "postgres";

export interface TestDatabase {
  readonly url: string;
  /** The same through a Unix socket, for servers: drivers do not know it. */
  readonly socketUrl: string;
  /** The settings of a server: through the socket, as a role of its own that owns no table if that is wanted. */
  readonly settings: Readonly<Record<string, string>>;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** With `TEST_DATABASE_ROLES=two`, all test servers run as a role that owns no table. */
export const serversHaveRole = (): boolean => process.env.TEST_DATABASE_ROLES === "two";

/** A new, migrated database of the test's own, copied in milliseconds from a template of `global-setup.js`. */
export async function createTestDatabase(
  template: "filedesk_template" | "filedesk_demo_template" = "filedesk_template",
  { withServerRole = serversHaveRole() }: { readonly withServerRole?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await asAdmin(`create database ${name} template ${template}`);
  const [url, socketUrl] = [adminUrl(), new URL(process.env.TEST_DATABASE_SOCKET_URL ?? adminUrl())];
  for (const one of [url, socketUrl]) one.pathname = `/${name}`;
  const settings = withServerRole
    ? { DATABASE_URL: asServerRole(socketUrl), DATABASE_MIGRATE_URL: socketUrl.href }
    : { DATABASE_URL: socketUrl.href };
  return { url: url.href, socketUrl: socketUrl.href, settings, drop: () => dropDatabase(name) };
}

/** The URL of the same database for the role of servers, which `global-setup.js` has created. */
export function asServerRole(url: URL): string {
  const { TEST_SERVER_USER, TEST_SERVER_PASSWORD } = process.env;
  if (!TEST_SERVER_USER || !TEST_SERVER_PASSWORD)
    throw new Error("There is no role for servers: the one of TEST_DATABASE_URL may not create roles.");
  const own = new URL(url);
  own.username = TEST_SERVER_USER;
  own.password = encodeURIComponent(TEST_SERVER_PASSWORD);
  return own.href;
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
  const sql = postgres(adminUrl().href, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
