import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { dropDatabase, query } from "../support/database.js";
import type { OperatedDesk } from "../support/operated-desk.js";
import { filedesk, inventory, newTicketWithFile, openDesks } from "../support/operated-desk.js";
import { postFiles } from "../support/post-files.js";
import { codeIn } from "../support/test-client.js";

const OLDER = /The database is older than the files in \S+: it was restored from a backup\..*They are kept/;
const ADOPT = "run: filedesk adopt-storage --yes";

let desks: Awaited<ReturnType<typeof openDesks>>;
let desk: OperatedDesk;
const dumps: string[] = [];

beforeEach(async () => {
  desks = await openDesks();
  desk = await desks.newDesk("ours");
});
afterEach(async () => {
  await desks.close();
  for (const name of dumps.splice(0)) await dropDatabase(name);
});

describe("a database that was restored from a backup", () => {
  it("of yesterday, over today's files: nothing is swept, and a later backup brings all back", async () => {
    const yesterday = { ...desk, database: await dumpOf(desk) };
    await upload(desk);
    const before = await inventory(desk);

    const running = await desks.start(yesterday);
    const swept = await filedesk(["sweep"], yesterday);
    expect([swept.code, swept.stderr]).toEqual([1, expect.stringMatching(OLDER)]);
    expect(swept.stderr).toContain(ADOPT);
    // For the operator alone: clients are told less.
    expect(swept.stderr).not.toContain("Tell the operator");
    expect((await filedesk(["purge"], yesterday)).code).toBe(1);
    expect(await desks.scheduledSweep(yesterday)).toMatch(OLDER);
    const doctor = await filedesk(["doctor"], yesterday);
    expect([doctor.code, doctor.stdout]).toEqual([
      2,
      expect.stringContaining("PROBLEM  installation: The dat"),
    ]);
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
    await running.stop();
    expect(running.output()).toMatch(OLDER);
    expect(await inventory(desk)).toEqual(before);

    // Whoever adopts it all the same finds the day's uploads in the trash, and has them back with the right database.
    expect((await filedesk(["adopt-storage"], yesterday)).code).toBe(2);
    expect((await filedesk(["adopt-storage", "--yes"], yesterday)).code).toBe(0);
    expect(await desks.scheduledSweep(yesterday)).toMatch(/"removed":1,/);
    expect(Object.values(await inventory(desk)).sort()).toEqual(Object.values(before).sort());
    expect((await filedesk(["adopt-storage", "--yes"], desk)).code).toBe(0);
    expect((await filedesk(["sweep"], desk)).stdout).toMatch(/, 1 restored/);
    expect(await inventory(desk)).toEqual(before);
  });

  it("whose two halves were made one after the other, as docs/operation.md says, is whole and works", async () => {
    await upload(desk);
    const first = await inventory(desk);
    // The database first; a sweep and an upload come between, while the servers run.
    const dump = await dumpOf(desk);
    expect((await filedesk(["sweep"], desk)).code).toBe(0);
    await upload(desk);
    const archive = join(desks.root, "desk.tar");
    execFileSync("tar", [
      "--create",
      "--file",
      archive,
      `--directory=${desk.data}`,
      "--exclude=files/.tmp",
      "files",
    ]);

    const restored = { database: dump, data: join(desks.root, "restored") };
    await mkdir(restored.data);
    execFileSync("tar", ["--extract", "--file", archive, `--directory=${restored.data}`]);
    const found = await filedesk(["doctor"], restored);
    expect([found.code, found.stdout]).toEqual([2, expect.stringMatching(OLDER)]);
    expect((await filedesk(["adopt-storage", "--yes"], restored)).code).toBe(0);
    const verified = await filedesk(["verify"], restored);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining(" 0 altered, 0 missing")]);
    // What came between has no record, and goes to the trash; everything else is there.
    expect(await desks.scheduledSweep(restored)).toMatch(/"removed":1,/);
    expect(await inventory(restored)).toMatchObject(first);
    expect((await filedesk(["doctor"], restored)).code).toBe(0);
    await upload(restored);
  });
});

/** A database as it is now, restored beside itself; nobody may use it meanwhile. */
async function dumpOf({ database }: OperatedDesk): Promise<string> {
  const url = new URL(database);
  const name = url.pathname.slice(1);
  await asAdmin(`create database ${name}_dump template ${name}`);
  dumps.push(`${name}_dump`);
  url.pathname = `/${name}_dump`;
  return url.href;
}

const asAdmin = (statement: string) => query(process.env.TEST_DATABASE_URL ?? "", statement);

async function upload(to: OperatedDesk): Promise<void> {
  const server = await desks.start(to);
  expect(codeIn((await postFiles(server.url, await newTicketWithFile(server))) as never)).toBe("ok");
  await server.stop();
}
