import { randomUUID } from "node:crypto";
import postgres from "postgres";

export interface TestDatabase {
  readonly url: string;
  /** The same through a Unix socket, for servers: drivers do not know it. */
  readonly socketUrl: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** A new, migrated database of the test's own, copied in milliseconds from a template of `global-setup.js`. */
export async function createTestDatabase(
  template: "filedesk_template" | "filedesk_demo_template" = "filedesk_template",
): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await asAdmin(`create database ${name} template ${template}`);
  const [url, socketUrl] = [adminUrl(), new URL(process.env.TEST_DATABASE_SOCKET_URL ?? adminUrl())];
  for (const one of [url, socketUrl]) one.pathname = `/${name}`;
  return { url: url.href, socketUrl: socketUrl.href, drop: () => dropDatabase(name) };
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
