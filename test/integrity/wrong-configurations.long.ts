import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { clockAhead } from "../support/clock-ahead.js";
import { runCommand } from "../support/command-process.js";
import { createTestDatabase } from "../support/database.js";
import { CreateTicketDocument, SignInDocument } from "../support/generated/operations.js";
import { filesUnder } from "../support/inventory.js";
import { postFiles } from "../support/post-files.js";
import type { Environment, ServerProcess } from "../support/server-process.js";
import { runToItsEnd, startServerProcess } from "../support/server-process.js";
import { codeIn, postGraphQL } from "../support/test-client.js";

const ADOPT = /filedesk adopt-storage --yes/;

interface Folder {
  readonly database: string;
  readonly data: string;
}

/** Two desks with the demo's files, and copies of the first one's database as of yesterday and of files without a mark. */
let ours: Folder;
let others: Folder;
let root: string;
const databases: { drop(): Promise<void> }[] = [];
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "filedesk-wrong-"));
});
afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 20 }));

beforeEach(async () => {
  ours = await makeDesk("ours");
  others = await makeDesk("others");
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  for (const database of databases.splice(0)) await database.drop();
  for (const { data } of [ours, others]) await rm(data, { recursive: true, force: true });
});

describe("a wrong configuration costs not a byte, and what is said leads out", () => {
  it("an empty database over files", async () => {
    const wrong = { database: await emptyDatabase(), data: ours.data };
    await expectRefused(
      wrong,
      /belong to the installation .*, but the database has no installation id.*Check DATABASE_URL/,
    );
    await expectWorking(ours);
  });

  it("the database of another desk over our files, and two desks on one storage", async () => {
    const wrong = { database: others.database, data: ours.data };
    await expectRefused(wrong, /belong to another installation .* Check FILEDESK_DATA and DATABASE_URL/);
    await expectWorking(ours);
    await expectWorking(others);
  });

  it("files from before there were marks, and the database of nobody", async () => {
    await rm(join(ours.data, "files/.filedesk-installation"));
    await expectRefused(
      { database: await emptyDatabase(), data: ours.data },
      /There are files in .*, but the database knows none/,
    );
    // The right database knows them by their keys.
    await expectWorking(ours);
    expect(await filesUnder(join(ours.data, "files"))).toContain(".filedesk-installation");
  });

  it("no files: a mount that is not there, at the start and while the server runs", async () => {
    const files = join(ours.data, "files");
    const away = join(ours.data, "away");
    await rename(files, away);
    await expectRefused(ours, /has not the mark of this database's installation .* not mounted/);
    expect(await filesUnder(files)).toEqual([]);
    await rename(away, files);

    const server = await start(ours);
    const before = await inventory(ours);
    const request = await uploadBy(server);
    await rename(files, away);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    const refused = await postFiles(server.url, request);
    expect(codeIn(refused as never)).toBe("SERVICE_UNAVAILABLE");
    expect(JSON.stringify(refused)).toContain("The file storage is out of reach");
    expect(await filesUnder(files)).toEqual([]);
    await rm(files, { recursive: true, force: true });
    await rename(away, files);
    // It recovers by itself.
    while ((await fetch(`${server.url}/readyz`)).status !== 200) await pass(50);
    expect(codeIn((await postFiles(server.url, request)) as never)).toBe("ok");
    expect(await inventory(ours)).toMatchObject(before);
  });

  it("yesterday's dump over today's files: nothing is swept, and the right dump brings all back", async () => {
    const dump = await copyOf(ours.database);
    const server = await start(ours);
    expect(codeIn((await postFiles(server.url, await uploadBy(server))) as never)).toBe("ok");
    await server.stop();
    const before = await inventory(ours);

    const restored = { database: dump, data: ours.data };
    const running = await start(restored);
    const told = await filedesk(["sweep"], restored);
    expect(told.code).toBe(1);
    expect(told.stderr).toMatch(/database is older than the files .* Restore a later dump .*/);
    expect(told.stderr).toMatch(ADOPT);
    expect((await filedesk(["purge"], restored)).code).toBe(1);
    const doctor = await filedesk(["doctor"], restored);
    expect(doctor.code).toBe(2);
    expect(doctor.stdout).toMatch(/PROBLEM {2}installation: The database is older than the files/);
    await running.stop();
    expect(await inventory(ours)).toEqual(before);

    // Whoever adopts it all the same finds the day's uploads in the trash, and has them back with the right dump.
    expect((await filedesk(["adopt-storage"], restored)).code).toBe(2);
    expect((await filedesk(["adopt-storage", "--yes"], restored)).code).toBe(0);
    expect((await filedesk(["sweep"], restored)).stdout).toMatch(/sweep-storage: \d+ seen, [1-9]\d* removed/);
    expect(Object.values(await inventory(ours)).sort()).toEqual(Object.values(before).sort());
    expect((await filedesk(["adopt-storage", "--yes"], ours)).code).toBe(0);
    expect((await filedesk(["sweep"], ours)).stdout).toMatch(/, [1-9]\d* restored/);
    expect(await inventory(ours)).toEqual(before);
    await expectWorking(ours);
  });
});

/** Doctor, serve and sweep say what is wrong, and each file is as it was. */
async function expectRefused(wrong: Folder, words: RegExp): Promise<void> {
  const before = await inventory(wrong);
  const served = await runToItsEnd(environmentOf(wrong));
  const swept = await filedesk(["sweep"], wrong);
  const purged = await filedesk(["purge"], wrong);
  const examined = await filedesk(["doctor"], wrong);
  const found = await filedesk(["adopt-storage"], wrong);
  expect([served.code, swept.code, purged.code, examined.code, found.code]).toEqual([1, 1, 1, 2, 2]);
  for (const text of [served.output, swept.stderr, purged.stderr, examined.stdout, found.stdout]) {
    expect(text).toMatch(words);
    expect(text).toMatch(ADOPT);
  }
  expect(await inventory(wrong)).toEqual(before);
}

/** The right configuration works as if nothing had been, and its sweep finds nothing to remove. */
async function expectWorking(desk: Folder): Promise<void> {
  const before = await inventory(desk);
  const server = await start(desk);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect((await filedesk(["sweep"], desk)).stdout).toMatch(/sweep-storage: \d+ seen, 0 removed/);
  expect((await filedesk(["doctor"], desk)).stdout).toMatch(/ok {7}installation: database and files are one/);
  await server.stop();
  expect(await inventory(desk)).toEqual(before);
}

/** Hash of each file, those in the trash too, by path; the mark left out, which tells of every start. */
async function inventory({ data }: Folder): Promise<Record<string, string>> {
  const paths = (await filesUnder(join(data, "files"))).filter((path) => path !== ".filedesk-installation");
  const hashes = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(join(data, "files", path));
      return [path, createHash("sha256").update(bytes).digest("hex")] as const;
    }),
  );
  return Object.fromEntries(hashes);
}

async function makeDesk(name: string): Promise<Folder> {
  const database = await createTestDatabase("filedesk_demo_template");
  databases.push(database);
  const data = join(root, `${name}-${databases.length}`);
  await cp(process.env.TEST_DEMO_FOLDER ?? "", data, { recursive: true });
  // The templates are one installation: each desk becomes one of its own.
  const sql = postgres(database.url, { max: 1 });
  await sql`delete from installation`;
  await sql.end();
  await rm(join(data, "files/.filedesk-installation"), { force: true });
  const desk = { database: database.url, data };
  await (await start(desk)).stop();
  return desk;
}

async function emptyDatabase(): Promise<string> {
  const database = await createTestDatabase();
  databases.push(database);
  const sql = postgres(database.url, { max: 1 });
  await sql`delete from installation`;
  await sql.end();
  return database.url;
}

/** A dump of a database that nobody uses now, restored beside it. */
async function copyOf(url: string): Promise<string> {
  const name = `${new URL(url).pathname.slice(1)}_dump`;
  const admin = postgres(process.env.TEST_DATABASE_URL ?? "", { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name} template ${new URL(url).pathname.slice(1)}`);
  await admin.end();
  const copy = new URL(url);
  copy.pathname = `/${name}`;
  databases.push({
    async drop() {
      const sql = postgres(process.env.TEST_DATABASE_URL ?? "", { max: 1, onnotice: () => {} });
      await sql.unsafe(`drop database if exists ${name} with (force)`);
      await sql.end();
    },
  });
  return copy.href;
}

const environmentOf = ({ database, data }: Folder): Environment => ({
  NODE_ENV: "test",
  DEMO_DATA: "false",
  WORKER: "off",
  DATABASE_URL: database,
  FILEDESK_DATA: data,
});

/** A command to which all files are old enough to be swept. */
const filedesk = (args: readonly string[], desk: Folder) =>
  runCommand(args, { ...environmentOf(desk), NODE_OPTIONS: clockAhead({ hours: 24 }) });

async function start(desk: Folder): Promise<ServerProcess> {
  const server = await startServerProcess(environmentOf(desk));
  cleanUps.push(() => server.kill());
  return server;
}

/** An upload whose content is new each time. */
async function uploadBy({ url }: ServerProcess) {
  const input = { email: "customer@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(url, SignInDocument, { input });
  const { accessToken: token, viewer } = data!.signIn;
  const { id: companyId } = viewer.memberships[0]!.company;
  return {
    query: CreateTicketDocument,
    input: { companyId, subject: "Lamp", description: "" },
    files: [{ name: "log.txt", bytes: Buffer.from(`uploaded at ${Date.now()} ${Math.random()}`) }],
    token,
  };
}
