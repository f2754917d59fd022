import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { AdvisoryLock } from "../../src/platform/database/advisory-lock.js";
import type { DrilledDesk, OpenedTicket, SignedInAgent, StorageKind } from "../support/backup-drill.js";
import { openDrilledDesk, openTicket, signIn, wrongDownloads } from "../support/backup-drill.js";
import { clockAhead } from "../support/clock-ahead.js";
import { runCommand, startCommand } from "../support/command-process.js";
import { startDeskTraffic } from "../support/desk-traffic.js";
import { until } from "../support/feed-world.js";
import { CreateTicketDocument } from "../support/generated/operations.js";
import { filesUnder } from "../support/inventory.js";
import { makePng } from "../support/make-files.js";
import { postFiles } from "../support/post-files.js";
import { hasS3Gateway } from "../support/s3-gateway.js";
import { runToItsEnd } from "../support/server-process.js";
import { postGraphQL } from "../support/test-client.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;
const PASSWORD = "filedesk-demo";
const closers: (() => Promise<unknown>)[] = [];

const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-backups-"));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
};
const newDesk = async (...wanted: Parameters<typeof openDrilledDesk>) => {
  const desk = await openDrilledDesk(...wanted);
  closers.push(() => desk.close());
  return desk;
};
const objectsIn = async (backup: string) => filesUnder(join(backup, "files"));
const isHeld = async ({ sql }: DrilledDesk): Promise<boolean> => {
  const [row] = await sql`select pg_try_advisory_xact_lock_shared(${AdvisoryLock.REMOVALS}) as free`;
  return row?.free !== true;
};

/** Deletes tickets, and removes their bytes for good, as purges and sweeps do that run weeks later. */
async function removeForGood(desk: DrilledDesk, url: string, tickets: readonly OpenedTicket[]) {
  const { token } = await signIn(url);
  for (const { id } of tickets) {
    const document = "mutation ($id: ID!) { deleteTicket(id: $id) { id } }";
    const { errors } = await postGraphQL(url, document, { id }, token);
    expect(errors).toBeUndefined();
  }
  const files = tickets.reduce((sum, ticket) => sum + ticket.files.size, 0);
  const later = (days: number) => ({
    ...desk.environment,
    NODE_OPTIONS: clockAhead({ hours: 24 * days }),
    // To that clock, the temp files of uploads under way would be old.
    UNFINISHED_UPLOAD_HOURS: "1000",
  });
  const purged = await runCommand(["purge", "--json"], later(60));
  expect(purged.events.find(({ task }) => task === "purge-deleted")).toMatchObject({ files });
  const swept = await runCommand(["sweep", "--json"], later(8));
  expect(swept.code).toBe(0);
  return swept.events.find(({ task }) => task === "sweep-storage");
}

/** Attachments that can be downloaded, by the hash of the bytes that they should have. */
const attachmentsOf = async ({ sql }: DrilledDesk) => {
  const rows = await sql<{ id: string; sha256: string }[]>`
    select a.id, b.sha256 from attachments a join media_files f on f.id = a.media_file_id
      join blobs b on b.id = f.blob_id join companies c on c.id = a.company_id
      where a.deleted_at is null and f.deleted_at is null and c.slug = 'acme'`;
  return rows.map(({ id, sha256 }) => [id, sha256] as const);
};

async function drill(from: StorageKind, to: StorageKind): Promise<void> {
  const source = await newDesk(from);
  const server = await source.start();
  const agent = await signIn(server.url);
  const kept: OpenedTicket[] = [];
  const doomed: OpenedTicket[] = [];
  for (let n = 0; n < 10; n++) kept.push(await openTicket(server.url, agent, 10));
  for (let n = 0; n < 3; n++) doomed.push(await openTicket(server.url, agent, 10));
  const backup = await newFolder();
  expect((await runCommand(["backup", backup], source.environment)).code).toBe(0);

  const traffic = await startDeskTraffic({ urlOf: () => server.url, password: PASSWORD, pauseMs: 200 });
  closers.push(() => traffic.abandon());
  await until(() => traffic.uploads.length >= 5, 60_000);
  const pictured = await sendPicture(server.url, agent);
  const before = traffic.uploads.slice();

  // It is stopped when it has read the rows and begun with the files, and goes on when much has been removed.
  const hashes = new Set(await objectsIn(backup));
  const making = startCommand(["backup", backup, "--json"], source.environment);
  await until(async () => (await objectsIn(backup)).some((file) => !hashes.has(file)), 60_000);
  making.signal("SIGSTOP");
  expect(await isHeld(source)).toBe(true);
  const swept = await removeForGood(source, server.url, doomed);
  expect(swept).toMatchObject({ emptied: 0 });
  making.signal("SIGCONT");
  const made = await making.ended;
  expect(made.code).toBe(0);
  const report = made.events.find(({ event }) => event === "done");
  expect(report).toMatchObject({ missing: 0, altered: 0, unreadable: 0 });
  expect(Number(report?.alreadyThere)).toBeGreaterThanOrEqual(hashes.size - 1);
  expect(await isHeld(source)).toBe(false);
  await traffic.stop();
  const emptied = await removeForGood(source, server.url, []);
  expect(Number(emptied?.emptied)).toBeGreaterThanOrEqual(30);
  expect(traffic.failures).toEqual([]);
  await traffic.verify(server.url, source.sql);
  expect((await runCommand(["backup", backup, "--verify"], {})).code).toBe(0);

  const target = await newDesk(to, { isEmpty: true });
  const restored = await runCommand(["restore", backup, "--json"], target.environment);
  expect([restored.code, restored.events.at(-1)]).toMatchObject([0, { event: "renderings" }]);
  expect(Number(restored.events.at(-1)?.requested)).toBeGreaterThan(0);
  const verified = await runCommand(["verify"], target.environment);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/ 0 altered, 0 missing/)]);

  const again = await target.start({ WORKER: "on" });
  const { token } = await signIn(again.url);
  const all = await attachmentsOf(target);
  expect(await wrongDownloads(again.url, token, all)).toEqual([]);
  const ids = new Set(all.map(([id]) => id));
  // What was there when it began is there, whatever has become of it since.
  const expected = [...kept, ...doomed].flatMap(({ files }) => [...files.keys()]);
  expect(
    [...expected, ...before.map(({ attachmentId }) => attachmentId)].filter((id) => !ids.has(id)),
  ).toEqual([]);
  // What waited for a job when the backup was made is done.
  await until(async () => {
    const [file] = await target.sql`select f.variants_status as status from media_files f
      join attachments a on a.media_file_id = f.id where a.ticket_id = ${pictured}`;
    return file?.status === "READY";
  }, 60_000);
  await openTicket(again.url, await signIn(again.url), 1);
  expect((await runCommand(["doctor"], target.environment)).stdout).toContain("belong together");
}

/** A ticket with a picture, whose variants nobody renders. @returns its id */
async function sendPicture(url: string, { token, companyId }: SignedInAgent): Promise<string> {
  const files = [{ name: "lamp.png", bytes: await makePng({ width: 640, height: 480 }) }];
  const input = { companyId, subject: "Lamp", description: "" };
  const { data } = await postFiles(url, { query: CreateTicketDocument, input, files, token });
  return data!.createTicket.id;
}

describe("a backup of a desk under traffic", () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it("from a folder is restored into a folder", () => drill("local", "local"));

  withS3("with a bucket (needs radosgw, ceph-mon and ceph-osd)", () => {
    it("from a folder is restored into a bucket", () => drill("local", "s3"));
    it("from a bucket is restored into a folder", () => drill("s3", "local"));
  });

  it("survives kill -9 of the backup and of the restore, which neither hold nor spoil anything", async () => {
    const source = await newDesk("local");
    const server = await source.start();
    const agent = await signIn(server.url);
    for (let n = 0; n < 30; n++) await openTicket(server.url, agent, 10);
    const backup = await newFolder();

    const killed = startCommand(["backup", backup], source.environment);
    await until(async () => (await objectsIn(backup)).length > 30, 60_000);
    killed.signal("SIGKILL");
    expect((await killed.ended).code).toBeNull();
    const there = (await objectsIn(backup)).length;
    expect(there).toBeLessThan(300);
    await until(async () => !(await isHeld(source)));
    const refused = await runCommand(["restore", backup], source.environment);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("There is no complete backup"),
    ]);
    const made = await runCommand(["backup", backup, "--json"], source.environment);
    expect(made.code).toBe(0);
    expect(Number(made.events.at(-1)?.alreadyThere)).toBeGreaterThanOrEqual(there - 8);

    const target = await newDesk("local", { isEmpty: true });
    const stored = async () =>
      (await filesUnder(join(target.dataFolder, "files"))).filter((path) => !path.startsWith(".")).length;
    const cut = startCommand(["restore", backup], target.environment);
    await until(async () => (await stored()) > 30, 60_000);
    cut.signal("SIGKILL");
    expect((await cut.ended).code).toBeNull();
    expect(await stored()).toBeLessThan(300);
    const start = await runToItsEnd(target.environment);
    expect([start.code, start.output]).toEqual([1, expect.stringMatching(/database has no record of them/)]);
    const restored = await runCommand(["restore", backup, "--json"], target.environment);
    expect([restored.code, restored.stderr]).toEqual([0, ""]);
    const again = await target.start();
    const { token } = await signIn(again.url);
    const all = await attachmentsOf(target);
    expect(all.length).toBeGreaterThanOrEqual(300);
    expect(await wrongDownloads(again.url, token, all)).toEqual([]);
  });

  it("fails when its connection to Postgres is cut, and the next one is complete", async () => {
    const source = await newDesk("local");
    const server = await source.start();
    const agent = await signIn(server.url);
    for (let n = 0; n < 10; n++) await openTicket(server.url, agent, 10);
    const backup = await newFolder();
    const making = startCommand(["backup", backup], source.environment);
    await until(async () => (await objectsIn(backup)).length > 0, 60_000);
    making.signal("SIGSTOP");
    await source.sql`select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
        and objid = ${AdvisoryLock.REMOVALS % 2 ** 32}`;
    making.signal("SIGCONT");
    const made = await making.ended;
    expect([made.code, made.stderr]).toEqual([
      1,
      expect.stringMatching(/connection to (the database|Postgres) was lost/),
    ]);
    expect(existsSync(join(backup, "backup.json"))).toBe(false);
    expect((await runCommand(["backup", backup], source.environment)).code).toBe(0);
  });
});

const disk = mkdtempSync(join(tmpdir(), "filedesk-small-disk-"));
const isMounted = mountSmallDisk();
const onDisk = isMounted ? it : it.skip;

/** False where mounting is not possible. */
function mountSmallDisk(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch (error) {
    if (process.env.REQUIRE_SERVICES === "1") throw error;
    return false;
  }
}

describe("a full disk under a backup (needs a mount)", () => {
  afterAll(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    if (isMounted) execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  onDisk("is told as such, and the backup before stays complete", async () => {
    const source = await newDesk("local");
    const server = await source.start();
    const agent = await signIn(server.url);
    const backup = join(disk, "desk");
    expect((await runCommand(["backup", backup], source.environment)).code).toBe(0);
    const manifest = await readFile(join(backup, "backup.json"), "utf8");
    for (let n = 0; n < 20; n++) await openTicket(server.url, agent, 10);
    const full = await runCommand(["backup", backup], source.environment);
    expect([full.code, full.stderr]).toEqual([1, expect.stringMatching(/^The disk of \S+desk is full\./)]);
    expect(await readFile(join(backup, "backup.json"), "utf8")).toBe(manifest);
    expect((await runCommand(["backup", backup, "--verify"], {})).code).toBe(0);
    expect((await readdir(backup)).length).toBeGreaterThan(0);
  });
});
