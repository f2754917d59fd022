import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Manifest } from "../../../src/app/backup/manifest.js";
import type { DamagedFile } from "../../../src/app/backup/verify-backup.js";
import { verifyBackup } from "../../../src/app/backup/verify-backup.js";
import { migrationsOf, schemaUpTo } from "../../../src/platform/database/migrate.js";
import { createLocalStorage } from "../../../src/platform/storage/local.js";
import type { BackedUpDesk, EmptyInstallation } from "../../support/backups.js";
import { backUp, backUpAsItIs, emptyInstallation, restore } from "../../support/backups.js";
import { asServerRole } from "../../support/database.js";
import { filesFolderOf } from "../../support/desk-storage.js";
import { brokenPromises, filesUnder } from "../../support/inventory.js";
import { patchBytes, startUpload } from "../../support/staged-uploads.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../support/ticket-world.js";
import { wholeDatabase } from "../../support/whole-database.js";

let world: TicketWorld;
let desk: BackedUpDesk;
/** A backup, made once; tests that damage it make their own. */
let backup: string;
let folder: string;
let restored: EmptyInstallation;
let companyId: string;

const isEmpty = async ({ sql, dataFolder }: EmptyInstallation) => ({
  tables: (await sql`select from pg_tables where schemaname in ('public', 'drizzle')`).length,
  files: (await filesUnder(filesFolderOf(dataFolder))).filter((path) => !path.startsWith(".")).length,
});
const manifestOf = async (path: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(path, "backup.json"), "utf8")).backup;
const objectOfHash = (path: string, sha256: string) => join(path, "files", sha256.slice(0, 2), sha256);

/** With what the backup calls damaged. */
async function damagesOf(path: string): Promise<readonly DamagedFile[]> {
  const damages: DamagedFile[] = [];
  await verifyBackup(path, { onDamage: (damage) => damages.push(damage) });
  return damages;
}

describe("a restore", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    const { database, dataFolder } = world.server;
    desk = { databaseUrl: database.sessionUrl, dataFolder };
    companyId = await world.newCompany();
    await world.openTicket(world.people.requester, {
      companyId,
      files: [textFile("a.txt"), textFile("b.txt")],
    });
    backup = await mkdtemp(join(tmpdir(), "filedesk-backup-"));
    await backUp(desk, backup);
  });
  afterAll(async () => {
    await world.close();
    await rm(backup, { recursive: true });
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-backup-"));
    restored = await emptyInstallation();
  });
  afterEach(async () => {
    await restored.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is refused where something is already, and changes nothing there", async () => {
    const before = await wholeDatabase(world.server.database.sql);
    await expect(restore(desk, backup)).rejects.toThrow(
      /The database is not empty: it has api_keys, attachments/,
    );
    expect(await wholeDatabase(world.server.database.sql)).toEqual(before);

    await restored.sql`create table somebodys (id int)`;
    await expect(restore(restored, backup)).rejects.toThrow(/not empty: it has somebodys\. A backup is only/);
    await restored.sql`drop table somebodys`;

    const storage = createLocalStorage({ root: filesFolderOf(restored.dataFolder) });
    await storage.put("a/b", Readable.from([Buffer.from("theirs")]));
    await expect(restore(restored, backup)).rejects.toThrow(/files is not empty: it has files/);
    await storage.delete(["a/b"]);
    await storage.writeMark('{"id":"x","epoch":1}');
    await expect(restore(restored, backup)).rejects.toThrow(/it has the mark of an installation/);
    await expect(restore(restored, folder)).rejects.toThrow(/There is no backup in/);
    expect(await isEmpty(restored)).toEqual({ tables: 0, files: 0 });
  });

  it("is refused before it copies a file if its role may not create the tables", async () => {
    const asServer = { ...restored, databaseUrl: asServerRole(new URL(restored.databaseUrl)) };
    await expect(restore(asServer, backup)).rejects.toThrow(/may not create schemas .* DATABASE_MIGRATE_URL/);
    expect(await isEmpty(restored)).toEqual({ tables: 0, files: 0 });
  });

  it("that is interrupted continues, and leaves a place where no server starts", async () => {
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }) => done > 10 && stop.abort();
    await expect(restore(restored, backup, { onProgress, signal: stop.signal })).rejects.toThrow();
    const { tables, files } = await isEmpty(restored);
    expect([tables, files > 5]).toEqual([0, true]);
    await expect(backUp(restored, folder)).rejects.toThrow(/belong to installation .* no record of them/);
    // Not into it from another backup.
    await backUp(desk, folder);
    await expect(restore(restored, folder)).rejects.toThrow(/it has the mark of an installation/);
    const { report } = await restore(restored, backup);
    expect(report.alreadyThere).toBeGreaterThanOrEqual(files - 1);
    expect(await brokenPromises(restored.sql, restored.dataFolder)).toEqual([]);
    await expect(restore(restored, backup)).rejects.toThrow(/The database is not empty/);
  });

  it("between the rows and the mark is finished by another one", async () => {
    await restore(restored, backup);
    const storage = createLocalStorage({ root: filesFolderOf(restored.dataFolder) });
    const { id, installation } = await manifestOf(backup);
    await storage.writeMark(JSON.stringify({ id: installation.id, epoch: 0, restoring: id }));
    expect(await restore(restored, backup)).toMatchObject({ isComplete: true });
    expect(JSON.parse((await storage.readMark()) ?? "")).toEqual(installation);
  });

  it("finds damaged files of the backup, names them, and only restores the rest if told to", async () => {
    await cp(backup, folder, { recursive: true });
    const rows = await world.server.database.sql<{ key: string; sha256: string }[]>`
      select storage_key as key, sha256 from blobs where company_id = ${companyId} order by sha256`;
    const [altered, gone] = rows as unknown as [(typeof rows)[number], (typeof rows)[number]];
    const path = objectOfHash(folder, altered.sha256);
    const bytes = await readFile(path);
    bytes[0] = bytes[0]! ^ 1;
    await writeFile(path, bytes);
    await rename(objectOfHash(folder, gone.sha256), join(folder, "away"));
    const expected = [
      { damage: expect.stringMatching(new RegExp(`${altered.sha256} is damaged`)), keys: [altered.key] },
      { damage: expect.stringMatching(new RegExp(`${gone.sha256} is missing`)), keys: [gone.key] },
    ];
    expect(await damagesOf(folder)).toEqual(expected);
    const named: DamagedFile[] = [];
    const onDamage = (damage: DamagedFile) => named.push(damage);
    expect(await restore(restored, folder, { onDamage })).toMatchObject({ isComplete: false });
    expect([...named].sort((a, b) => (a.damage < b.damage ? -1 : 1))).toEqual(expected);
    expect(await isEmpty(restored)).toMatchObject({ tables: 0 });
    const { isComplete, report } = await restore(restored, folder, { evenDamaged: true });
    expect([isComplete, report.damaged]).toEqual([true, 2]);
    expect((await brokenPromises(restored.sql, restored.dataFolder)).sort()).toEqual(
      [altered, gone].map(({ key }) => `blob ${key} has no bytes`).sort(),
    );
  });

  it.each([
    ["a table", ({ tables }: Manifest) => tables.find(({ name }) => name === "tickets")!.file],
    ["the list of files", ({ list }: Manifest) => list.file],
    ["the manifest", () => "backup.json"],
  ])("is refused when %s is damaged", async (_, fileOf) => {
    await cp(backup, folder, { recursive: true });
    const file = fileOf(await manifestOf(folder));
    const bytes = await readFile(join(folder, file));
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(join(folder, file), bytes);
    const named = new RegExp(`${file.replaceAll(".", "\\.")} is damaged`);
    const damages = await damagesOf(folder).catch((error: Error) => [{ damage: error.message }]);
    expect(damages[0]?.damage).toMatch(named);
    await expect(restore(restored, folder)).rejects.toThrow(named);
    expect(await isEmpty(restored)).toMatchObject({ tables: 0 });
  });

  it("has uploads that were arriving begin again", async () => {
    const { token } = world.people.requester;
    const input = {
      companyId,
      bucket: "ATTACHMENTS",
      fileName: "a.txt",
      size: 3_000,
      method: "RESUMABLE",
    } as const;
    const { id, url } = await startUpload({ url: world.server.url, token }, input);
    await patchBytes(url, token, Buffer.from("x".repeat(1_000)));
    await backUp(desk, folder);
    await restore(restored, folder);
    const rows =
      await restored.sql`select status, received_bytes::int as received from staged_uploads where id = ${id}`;
    expect(rows).toEqual([{ status: "RECEIVING", received: 0 }]);
  });

  it("of an earlier version is brought up to date; of a later one it is refused", async () => {
    const old = await emptyInstallation();
    try {
      await restore(old, backup);
      const { migrations, installation } = await manifestOf(backup);
      const before = migrations.at(-3)!;
      await makeOld(old, before.folderMillis, installation.id);
      await expect(backUp(old, folder)).rejects.toThrow(/older than this version .*2 pending/);
      await backUpAsItIs(old, folder, installation.id);
      expect((await manifestOf(folder)).migrations).toHaveLength(migrations.length - 2);
      await restore(restored, folder);
      expect((await migrationsOf(restored.databaseUrl)).pending).toEqual([]);
      const users = await restored.sql`select email from users`;
      expect(users).toEqual([{ email: "old@example.test" }]);
      // And with a migration that nobody knows yet.
      await old.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('new', 9999999999999)`;
      await backUpAsItIs(old, folder, installation.id);
      const another = await emptyInstallation();
      await expect(restore(another, folder)).rejects.toThrow(/1 migrations that this version does not know/);
      expect(await isEmpty(another)).toEqual({ tables: 0, files: 0 });
      await another.close();
    } finally {
      await old.close();
    }
  });
});

/** Gives an installation the schema that it had after a migration, with one person in it. */
async function makeOld({ sql }: EmptyInstallation, lastMigration: number, id: string): Promise<void> {
  const known =
    await sql`select hash, created_at from drizzle.__drizzle_migrations where created_at <= ${lastMigration}`;
  await sql.unsafe("drop schema public cascade; drop schema drizzle cascade; create schema public");
  // As migrations run, some of which lock a table.
  await sql.begin(async (tx) => {
    for (const statement of schemaUpTo(lastMigration).statements) await tx.unsafe(statement);
  });
  for (const { hash, created_at } of known)
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${created_at})`;
  await sql`insert into installation (id) values (${id})`;
  await sql`insert into users (id, email, name) values (gen_random_uuid(), 'old@example.test', 'Old')`;
}
