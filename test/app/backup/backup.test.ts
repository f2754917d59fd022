import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type postgres from "postgres";
import { verifyBackup } from "../../../src/app/backup/verify-backup.js";
import { describeStartError } from "../../../src/app/startup/start-faults.js";
import type { IntegrityFinding } from "../../../src/modules/media/upkeep/finding.js";
import type { BackedUpDesk } from "../../support/backups.js";
import { backUp, emptyInstallation, restore } from "../../support/backups.js";
import { damageTo } from "../../support/damage-files.js";
import { brokenPromises, filesUnder } from "../../support/inventory.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../support/ticket-world.js";
import { wholeDatabase } from "../../support/whole-database.js";

let world: TicketWorld;
let desk: BackedUpDesk;
let folder: string;
const closers: (() => Promise<unknown>)[] = [];

const objects = async () => (await filesUnder(join(folder, "files"))).sort();
const newInstallation = async () => {
  const installation = await emptyInstallation();
  closers.push(() => installation.close());
  return installation;
};

/** A company with files, which its purge takes along. */
async function companyWithFiles(): Promise<{ companyId: string; purge(): Promise<void> }> {
  const companyId = await world.newCompany();
  await world.openTicket(world.people.requester, { companyId, files: [textFile(), textFile()] });
  const { sql } = world.server.database;
  return {
    companyId,
    async purge() {
      const document = "mutation ($id: ID!) { deleteCompany(id: $id) { id } }";
      await world.server.gql(document, { id: companyId }, world.people.admin.token);
      await sql`update companies set deleted_at = deleted_at - interval '60 days' where id = ${companyId}`;
      expect(await world.server.services.upkeep.purgeDeleted()).toMatchObject({ files: 2 });
    },
  };
}

/** Constraints, indexes and the state of sequences. */
const schemaOf = async (sql: postgres.Sql) => [
  ...(await sql`select conname, pg_get_constraintdef(oid) as definition from pg_constraint
    where connamespace = 'public'::regnamespace order by 1, 2`),
  ...(await sql`select indexdef from pg_indexes where schemaname in ('public', 'drizzle') order by 1`),
  ...(await sql`select sequencename, last_value from pg_sequences where schemaname in ('public', 'drizzle')`),
];

describe("a backup", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { SWEEP_TRASH_DAYS: "1" } });
    const { database, dataFolder } = world.server;
    desk = { databaseUrl: database.sessionUrl, dataFolder };
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-backup-"));
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await rm(folder, { recursive: true, force: true });
  });

  it("has every row and every byte, for its owner's eyes alone", async () => {
    const { sql } = world.server.database;
    const report = await backUp(desk, folder);
    expect(report).toMatchObject({ missing: 0, altered: 0, alreadyThere: 0, removed: 0 });
    expect(await verifyBackup(folder, {})).toMatchObject({ damaged: 0, lacking: 0 });
    for (const path of await readdir(folder, { recursive: true })) {
      const { mode } = await stat(join(folder, path));
      expect([path, mode & 0o77]).toEqual([path, 0]);
    }
    const restored = await newInstallation();
    await restore(restored, folder);
    expect(await wholeDatabase(restored.sql)).toEqual(await wholeDatabase(sql));
    expect(await schemaOf(restored.sql)).toEqual(await schemaOf(sql));
    expect(await brokenPromises(restored.sql, restored.dataFolder)).toEqual([]);
    const secrets = (data: string) => readFile(join(data, "secrets.json"), "utf8");
    expect(await secrets(restored.dataFolder)).toBe(await secrets(desk.dataFolder));
  });

  it("copies only new bytes the second time, and drops what is no longer named", async () => {
    const { purge } = await companyWithFiles();
    const first = await backUp(desk, folder);
    await purge();
    await companyWithFiles();
    const before = await objects();
    const second = await backUp(desk, folder);
    expect(second).toMatchObject({ copied: 2, alreadyThere: first.copied - 2, removed: 2 });
    expect((await objects()).length).toBe(before.length);
    expect((await readdir(folder)).filter((name) => name.startsWith("database-"))).toHaveLength(1);
    expect(await verifyBackup(folder, {})).toMatchObject({ damaged: 0 });
  });

  it("has the bytes of every row in it, whatever is purged and swept while it is made", async () => {
    const { companyId, purge } = await companyWithFiles();
    const { storage: served } = world.server.services;
    const removeAll = async () => {
      await purge();
      expect(await served.list(`${companyId}/`)).toEqual([]);
      // As a sweep empties the trash, days later.
      for await (const { key } of served.trash.walk()) await served.trash.delete([key]);
    };
    expect(await backUp(desk, folder, { beforeFiles: removeAll })).toMatchObject({ missing: 0 });
    const restored = await newInstallation();
    await restore(restored, folder);
    expect(await brokenPromises(restored.sql, restored.dataFolder)).toEqual([]);
    const [row] =
      await restored.sql`select count(*)::int as files from blobs where company_id = ${companyId}`;
    expect(row?.files).toBe(2);
  });

  it("that is interrupted is never taken for one: the one before stays, and the next continues", async () => {
    const stop = new AbortController();
    // Eight files are saved at the same time, and there are 17.
    const onProgress = ({ done }: { done: number }) => done > 6 && stop.abort();
    await expect(backUp(desk, folder, { onProgress, signal: stop.signal })).rejects.toThrow();
    await expect(verifyBackup(folder, {})).rejects.toThrow(/no complete backup/);
    const there = (await objects()).length;
    expect(there).toBeGreaterThan(5);
    const complete = await backUp(desk, folder);
    expect(complete.alreadyThere).toBeGreaterThanOrEqual(there - 1);

    await companyWithFiles();
    const again = new AbortController();
    await expect(
      backUp(desk, folder, { onProgress: () => again.abort(), signal: again.signal }),
    ).rejects.toThrow();
    const restored = await newInstallation();
    expect((await restore(restored, folder)).report).toMatchObject({ files: complete.files, damaged: 0 });
    // And what was interrupted leaves nothing behind.
    await backUp(desk, folder);
    expect((await readdir(folder)).sort()).toEqual([
      "backup.json",
      expect.stringMatching(/^database-/),
      "filedesk-backup.json",
      "files",
    ]);
  });

  it("names what the desk has lost, and has the rest", async () => {
    const { companyId } = await companyWithFiles();
    const { sql } = world.server.database;
    const rows = await sql<
      { key: string }[]
    >`select storage_key as key from blobs where company_id = ${companyId}`;
    const [lost, altered] = rows.map(({ key }) => key) as [string, string];
    const damage = damageTo(desk.dataFolder);
    await damage.remove(lost);
    await damage.grow(altered, "!");
    const findings: IntegrityFinding[] = [];
    const report = await backUp(desk, folder, { onFinding: (finding) => findings.push(finding) });
    expect(report).toMatchObject({ missing: 1, altered: 1 });
    expect(findings.map(({ finding, storageKey }) => [finding, storageKey]).sort()).toEqual([
      ["ALTERED", altered],
      ["MISSING", lost],
    ]);
    expect(await verifyBackup(folder, {})).toMatchObject({ damaged: 0, lacking: 2 });
    const restored = await newInstallation();
    expect((await restore(restored, folder)).report).toMatchObject({ lacking: 2, damaged: 0 });
    expect(await brokenPromises(restored.sql, restored.dataFolder)).toHaveLength(2);
    await sql`update companies set deleted_at = now() - interval '60 days' where id = ${companyId}`;
    await world.server.services.upkeep.purgeDeleted();
  });

  it("names the folder of the backup if it cannot be made, and not FILEDESK_DATA", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    for (const path of [file, join(file, "below"), "/proc/filedesk-backup"]) {
      const fault = await backUp(desk, path).catch((error: unknown) => describeStartError(error as Error));
      expect(fault).toContain(`The folder of the backup, ${path}, cannot be made or written`);
    }
  });

  it("is refused in a folder of something else, and while another is made", async () => {
    await writeFile(join(folder, "notes.txt"), "mine");
    await expect(backUp(desk, folder)).rejects.toThrow(/is not empty.*Choose an empty folder/);
    await rm(join(folder, "notes.txt"));
    let second: unknown;
    const beforeFiles = async () => {
      second = await backUp(desk, `${folder}-second`).catch((error: unknown) => error);
    };
    await backUp(desk, folder, { beforeFiles });
    expect(second).toMatchObject({ message: expect.stringContaining("Another backup of this desk") });
    await rm(`${folder}-second`, { recursive: true });
    await writeFile(join(folder, "filedesk-backup.json"), JSON.stringify({ installation: "another" }));
    await expect(backUp(desk, folder)).rejects.toThrow(/backup of another installation/);
  });
});
