// Plain JavaScript: jest loads this file by Node itself, which knows neither TypeScript nor our import endings.
import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import postgres from "postgres";
import { startSystemPostgres } from "./system-postgres.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const TEMPLATE = "filedesk_template";
const DEMO_TEMPLATE = "filedesk_demo_template";
const FOLDER_NAME = /^filedesk-tests-(\d+)-/;

/** The cluster may be lost at any time: it needs no fsync, but connections for many test files at once. */
const SETTINGS = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "300",
  max_wal_size: "128MB",
};
/** What tests of passwords do not ask for: everybody of the demo signs in, on each of the tests' servers. */
const QUICK_HASH = { memoryKib: 64, passes: 1 };
/** SQLSTATE (PostgreSQL Appendix A). */
const INSUFFICIENT_PRIVILEGE = "42501";
const MEMORY_FOLDER = "/dev/shm";
const ENOUGH_MEMORY = 2 * 1024 ** 3;

/**
 * Builds `dist/`, which tests start as processes; starts one Postgres for the whole run, unless TEST_DATABASE_URL names
 * one, with the programs in the folder TEST_POSTGRES instead of those from npm, if that is set; and makes the templates
 * that each test's database is a copy of: a migrated one, and one with the demo data, whose files lie in
 * TEST_DEMO_FOLDER. TEST_DATABASE_SOCKET_URL is the faster way to it, for servers.
 */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default async function globalSetup() {
  // Outside components that tests start for all files of the run end with this process.
  process.env.TEST_RUN_PID = String(process.pid);
  process.env.TEST_LOG_FOLDER = await mkdtemp(join(tmpdir(), "filedesk-logs-"));
  build();
  if (!process.env.TEST_DATABASE_URL) await startCluster();
  await createServerRole(process.env.TEST_DATABASE_URL);
  await makeTemplates(process.env.TEST_DATABASE_URL);
}

/** Its password has what a URL has to encode. */
const SERVER_ROLE = { name: "filedesk_test_server", password: "p@ss/w:o#r%d?&=" };

/** For the servers of tests, which own nothing. The owner may do what they may: see their statements, and end them. */
async function createServerRole(adminUrl) {
  const { name, password } = SERVER_ROLE;
  const owner = decodeURIComponent(new URL(adminUrl).username);
  const url = new URL(globalThis.testSuperuserUrl ?? adminUrl);
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    const [found] = await sql`select from pg_roles where rolname = ${name}`;
    if (!found) await sql.unsafe(`create role ${name} login password '${password}'`);
    await sql`grant ${sql(name)} to ${sql(owner)}`;
  } catch (error) {
    if (error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new Error(`The role of TEST_DATABASE_URL needs CREATEROLE: ${error.message}`, { cause: error });
  } finally {
    await sql.end();
  }
  process.env.TEST_SERVER_USER = name;
  process.env.TEST_SERVER_PASSWORD = password;
}

/** Types are `npm run check`'s business: code with a wrong type can be tested, code that is not there can not. */
function build() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  for (const step of [[tsc, "-p", "tsconfig.build.json"], ["esbuild.config.js"]]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, step, { cwd: root, encoding: "utf8" });
    if (status !== 0) process.stderr.write(`\nThe build has errors:\n${stdout}${stderr}\n`);
  }
}

const load = (path) => import(pathToFileURL(join(root, "dist", path)).href);

async function startCluster() {
  const parent = await fastestFolder();
  await removeLeftovers(parent);
  const folder = await mkdtemp(join(parent, `filedesk-tests-${process.pid}-`));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const { TEST_POSTGRES } = process.env;
    const cluster = await (TEST_POSTGRES ? startOf(TEST_POSTGRES, folder) : startEmbedded(folder));
    globalThis.stopTestCluster = () => cluster.stop().finally(removeFolder);
    globalThis.testSuperuserUrl = cluster.superuserUrl;
    process.env.TEST_DATABASE_URL = cluster.url;
    if (cluster.socketUrl) process.env.TEST_DATABASE_SOCKET_URL = cluster.socketUrl;
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

async function startEmbedded(folder) {
  const { startEmbeddedPostgres } = await load("platform/database/embedded/embedded-postgres.js");
  const cluster = await startEmbeddedPostgres({ folder, log: () => {}, settings: SETTINGS });
  const superuser = new URL(cluster.url);
  // Their passwords are the same.
  [superuser.username, superuser.pathname] = ["postgres", "/postgres"];
  return { ...cluster, superuserUrl: superuser.href };
}

async function startOf(programs, folder) {
  if (!existsSync(join(programs, "postgres"))) throw new Error(`TEST_POSTGRES: ${programs} has no postgres.`);
  const { hasSetpriv, spawnBound } = await load("platform/database/embedded/bound-process.js");
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : null;
  const binding = { account, passBarriers: false, setpriv: await hasSetpriv() };
  const spawn = (program, args) => spawnBound(binding, program, args);
  return startSystemPostgres({ programs, folder, spawn, settings: SETTINGS });
}

/** A copy of the template is some 300 new files: 30 ms in memory, up to ten times as much on a disk. */
async function fastestFolder() {
  const memory = await statfs(MEMORY_FOLDER).catch(() => null);
  return memory && memory.bavail * memory.bsize > ENOUGH_MEMORY ? MEMORY_FOLDER : tmpdir();
}

/** Folders of runs that were killed. */
async function removeLeftovers(parent) {
  for (const name of await readdir(parent)) {
    const pid = Number(FOLDER_NAME.exec(name)?.[1] ?? process.pid);
    if (isRunning(pid)) continue;
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

async function makeTemplates(adminUrl) {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-demo-"));
  globalThis.removeDemoFolder = () => rm(folder, { recursive: true, force: true });
  process.env.TEST_DEMO_FOLDER = folder;
  await createDatabase(adminUrl, { name: TEMPLATE, template: "template1" });
  const isBuilt = existsSync(join(root, "dist/app/server/open-desk.js"));
  // Migrations and the queues of all jobs are made once, not by every server anew.
  if (isBuilt) await onDesk(adminUrl, { database: TEMPLATE, folder }, () => {});
  await createDatabase(adminUrl, { name: DEMO_TEMPLATE, template: TEMPLATE });
  if (!isBuilt) return;
  const { seedDemo } = await load("app/demo/seed-demo.js");
  const { DEMO_PASSWORD } = await load("app/demo/demo-people.js");
  const { hashPassword } = await load("modules/identity/users/password.js");
  const quickHash = await hashPassword(DEMO_PASSWORD, QUICK_HASH);
  await onDesk(adminUrl, { database: DEMO_TEMPLATE, folder }, async ({ database, services }) => {
    await seedDemo(database, services);
    await database.sql`update users set password_hash = ${quickHash} where password_hash is not null`;
  });
}

async function createDatabase(adminUrl, { name, template }) {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.unsafe(`create database ${name} template ${template}`);
  } finally {
    await admin.end();
  }
}

async function onDesk(adminUrl, { database, folder }, work) {
  const { openDesk } = await load("app/server/open-desk.js");
  const { readConfig } = await load("platform/config/config.js");
  const owner = new URL(adminUrl);
  owner.pathname = `/${database}`;
  const server = new URL(owner);
  server.username = SERVER_ROLE.name;
  server.password = encodeURIComponent(SERVER_ROLE.password);
  const config = readConfig({
    NODE_ENV: "test",
    DATABASE_URL: server.href,
    DATABASE_MIGRATE_URL: owner.href,
    FILEDESK_DATA: folder,
  });
  const desk = await openDesk({ config, log: console, role: "command" });
  try {
    await work(desk);
  } finally {
    await desk.close();
  }
}
