import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { query } from "../support/database.js";
import { filesUnder } from "../support/inventory.js";
import type { OperatedDesk } from "../support/operated-desk.js";
import {
  environmentOf,
  filedesk,
  inventory,
  MARK,
  newTicketWithFile,
  openDesks,
} from "../support/operated-desk.js";
import { postFiles } from "../support/post-files.js";
import { runToItsEnd } from "../support/server-process.js";
import { codeIn } from "../support/test-client.js";

const ADOPT = "run: filedesk adopt-storage --yes";

let desks: Awaited<ReturnType<typeof openDesks>>;
let ours: OperatedDesk;

// Each case ends with a desk as it was.
beforeAll(async () => {
  desks = await openDesks();
  ours = await desks.newDesk("ours");
});
afterAll(() => desks.close());

describe("a wrong configuration costs not a byte, and what is said leads out", () => {
  it("an empty database over files: it stays empty", async () => {
    const wrong = { database: await desks.emptyDatabase(), data: ours.data };
    const text = await expectRefused(wrong, [
      /^The files in \S+ belong to installation \S+, but the database has no record of them: it is empty/,
      "Correct DATABASE_URL, or restore the database from a backup.",
    ]);
    expect(text).not.toContain(ADOPT);
    expect(await tablesOf(wrong)).toEqual([]);
    await expectWorking(ours);
  });

  it("another program's database, with our files and with none", async () => {
    const database = await desks.emptyDatabase();
    await query(database, "create table users (name text); insert into users values ('theirs')");
    await expectRefused({ database, data: ours.data }, [/belong to installation/, "Correct DATABASE_URL"]);
    const fresh = { database, data: join(desks.root, "fresh") };
    const { code, output } = await runToItsEnd(environmentOf(fresh));
    expect([code, output]).toEqual([1, expect.stringContaining("The database belongs to another program")]);
    expect(await tablesOf(fresh)).toEqual(["public.users"]);
    expect(await query(database, "select * from users")).toEqual([{ name: "theirs" }]);
  });

  it("a database that is not there, or does not let us in", async () => {
    const url = new URL(ours.database);
    const before = await inventory(ours);
    url.pathname = "/nowhere";
    const wrong = { ...ours, database: url.href };
    expect((await filedesk(["doctor"], wrong)).stdout).toMatch(
      /There is no such database .* create the database/,
    );
    expect((await runToItsEnd(environmentOf(wrong))).output).toMatch(/There is no such database/);
    expect(await inventory(ours)).toEqual(before);
  });

  it("the database of another desk over our files, and two desks on one storage", async () => {
    const others = await desks.newDesk("others");
    const wrong = { database: others.database, data: ours.data };
    await expectRefused(wrong, [
      /^The files in \S+ belong to installation \S+, but the database belongs to installation \S+/,
      "Correct FILEDESK_DATA or DATABASE_URL, whichever is wrong.",
      ADOPT,
    ]);
    await expectWorking(ours);
    await expectWorking(others);
  });

  it("the database of another desk that was adopted all the same", async () => {
    const before = await inventory(ours);
    const others = await desks.newDesk("adopting");
    const wrong = { database: others.database, data: ours.data };
    // Both come from one template, and would know each other's keys.
    await query(wrong.database, "update blobs set storage_key = 'theirs/' || storage_key");
    await query(wrong.database, "update blob_variants set storage_key = 'theirs/' || storage_key");
    expect((await filedesk(["adopt-storage", "--yes"], wrong)).code).toBe(0);
    const refusal = /\d+ of \d+ stored files have no record .* run: filedesk sweep --even-many/;
    expect((await filedesk(["sweep"], wrong)).stderr).toMatch(refusal);
    expect(await desks.scheduledSweep(wrong)).toMatch(refusal);
    expect(await inventory(ours)).toEqual(before);
    // What is swept on purpose is there for the right database, which is adopted in its turn.
    expect((await filedesk(["sweep", "--even-many"], wrong)).code).toBe(0);
    expect(Object.keys(await inventory(ours)).every((path) => path.startsWith(".trash/"))).toBe(true);
    expect((await filedesk(["sweep"], ours)).stderr).toContain(ADOPT);
    expect((await filedesk(["adopt-storage", "--yes"], ours)).code).toBe(0);
    expect(await desks.scheduledSweep(ours)).toMatch(/"restored":[1-9]/);
    expect(await inventory(ours)).toEqual(before);
    await expectWorking(ours);
  });

  it("files from before there were marks, and the database of nobody", async () => {
    await rm(join(ours.data, "files", MARK));
    await expectRefused({ database: await desks.emptyDatabase(), data: ours.data }, [
      /^There are files in \S+, but the database has no record of them/,
      "Correct DATABASE_URL",
    ]);
    // The right database knows them by their keys.
    await expectWorking(ours);
    expect(await filesUnder(join(ours.data, "files"))).toContain(MARK);
  });

  it("a wrong data folder, and a folder of files of which most are missing", async () => {
    await expectRefused({ ...ours, data: join(desks.root, "nowhere") }, [
      /^There are no files in \S+, but the database has records of some: the file system is probably not mounted/,
      "Mount it, restore the files from a backup, or correct FILEDESK_DATA.",
      ADOPT,
    ]);
    const files = join(ours.data, "files");
    const [kept, ...missing] = await filesUnder(files).then((paths) => paths.filter((path) => path !== MARK));
    for (const path of [...missing, MARK])
      await rename(join(files, path), join(desks.root, path.replaceAll("/", "_")));
    expect(await filesUnder(files)).toEqual([kept]);
    await expectRefused(ours, [/^The files in \S+ have no installation mark and do not match/, ADOPT]);
    for (const path of [...missing, MARK])
      await rename(join(desks.root, path.replaceAll("/", "_")), join(files, path));
    await expectWorking(ours);
  });

  it("no files: a mount that is not there, at the start and while the server runs", async () => {
    const files = join(ours.data, "files");
    const away = join(ours.data, "away");
    await rename(files, away);
    await expectRefused(ours, [/the file system is probably not mounted/, "Mount it"]);
    expect(await filesUnder(files)).toEqual([]);
    await rename(away, files);

    const server = await desks.start(ours);
    const before = await inventory(ours);
    const request = await newTicketWithFile(server);
    await rename(files, away);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    const refused = await postFiles(server.url, request);
    expect(codeIn(refused as never)).toBe("SERVICE_UNAVAILABLE");
    expect(JSON.stringify(refused)).toContain("Files can neither be read nor changed at the moment");
    expect(JSON.stringify(refused)).not.toContain(ours.data);
    expect(await filesUnder(files)).toEqual([]);
    await rm(files, { recursive: true, force: true });
    await rename(away, files);
    // It recovers by itself.
    while ((await fetch(`${server.url}/readyz`)).status !== 200) await pass(50);
    expect(codeIn((await postFiles(server.url, request)) as never)).toBe("ok");
    expect(await inventory(ours)).toMatchObject(before);
    const told = server.output().match(/"msg":"The files are unavailable: .* a restart is not needed\."/g);
    expect(told).toHaveLength(1);
  });

  it("a sweep that would remove too many", async () => {
    for (let i = 0; i < 101; i += 1) await writeFile(join(ours.data, "files", `stray${i}`), `${i}`);
    const before = await inventory(ours);
    const server = await desks.start(ours);
    const refusal = /^101 of \d+ stored files have no record in the database.*Nothing has been removed\./;
    expect((await filedesk(["sweep"], ours)).stderr).toMatch(refusal);
    expect(await desks.scheduledSweep(ours)).toContain("101 of ");
    expect(await inventory(ours)).toEqual(before);
    const looked = await filedesk(["sweep", "--dry-run", "--even-many", "--verbose"], ours);
    expect(looked.stdout).toMatch(/^stray100, 3 bytes$/m);
    expect((await filedesk(["sweep", "--even-many"], ours)).stdout).toMatch(/ 101 removed/);
    expect(Object.values(await inventory(ours)).sort()).toEqual(Object.values(before).sort());
    await server.stop();
  });
});

/** Every command says each of these things, and each file is as it was. @returns what is said */
async function expectRefused(wrong: OperatedDesk, words: readonly (RegExp | string)[]): Promise<string> {
  const before = await inventory(wrong);
  const served = await runToItsEnd(environmentOf(wrong));
  const [swept, purged, examined, found] = await Promise.all([
    filedesk(["sweep"], wrong),
    filedesk(["purge"], wrong),
    filedesk(["doctor"], wrong),
    filedesk(["adopt-storage"], wrong),
  ]);
  expect([served.code, swept.code, purged.code, examined.code, found.code]).toEqual([1, 1, 1, 2, 2]);
  const text = found.stdout.trim();
  expect(text).toContain("Nothing has been changed.");
  for (const said of words)
    typeof said === "string" ? expect(text).toContain(said) : expect(text).toMatch(said);
  for (const output of [served.output, swept.stderr, purged.stderr]) expect(output).toBe(`${text}\n`);
  expect(examined.stdout).toContain(`  PROBLEM  installation: ${text}\n`);
  expect(await inventory(wrong)).toEqual(before);
  return text;
}

/** The right configuration works as if nothing had been, and its sweep finds nothing to remove. */
async function expectWorking(desk: OperatedDesk): Promise<void> {
  const before = await inventory(desk);
  const server = await desks.start(desk);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect((await filedesk(["sweep"], desk)).stdout).toMatch(/sweep-storage: \d+ seen, 0 removed/);
  expect((await filedesk(["doctor"], desk)).stdout).toMatch(/ok {7}installation: the database and the files/);
  await server.stop();
  expect(await inventory(desk)).toEqual(before);
}

const tablesOf = async ({ database }: OperatedDesk) =>
  (
    await query(
      database,
      "select schemaname || '.' || tablename as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'drizzle')",
    )
  ).map(({ name }) => name);
