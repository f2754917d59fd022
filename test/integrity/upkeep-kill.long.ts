import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { sweepStorage } from "../../src/modules/media/upkeep/sweep.js";
import { clockAhead } from "../support/clock-ahead.js";
import { killJob } from "../support/kill-job.js";
import { makeJpeg } from "../support/make-files.js";
import type { StoredFile, StoredWorld } from "../support/stored-files.js";
import { openStoredWorld } from "../support/stored-files.js";
import { sweepRules } from "../support/sweep-rules.js";

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY);

/** Every test has a world of its own, so that they wait for lost heartbeats at the same time. */
const inOwnWorld = (check: (world: StoredWorld) => Promise<void>) => async () => {
  const world = await openStoredWorld();
  try {
    await world.database.sql`create table gate (at timestamptz)`;
    await check(world);
  } finally {
    await world.close();
  }
};

const urlsOf = ({ databaseUrl, serverUrl }: StoredWorld) => ({ databaseUrl, serverUrl });

/**
 * Has the job killed when it comes to one row, with others before it done and others behind it not, and run again.
 * The row's change waits for a table that is locked.
 */
async function killInTheMiddle(
  world: StoredWorld,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const environment = { FILEDESK_DATA: world.dataFolder, DEMO_DATA: "false", ...settings };
  const { attempts } = await killJob({ ...urlsOf(world), environment, name, heldAt: "gate" });
  expect(attempts).toBe(2);
}

/** The change of one row passes the gate. */
const gateAt = (
  { database }: StoredWorld,
  table: string,
  { event, condition }: { readonly event: "update" | "delete"; readonly condition: string },
) =>
  database.sql.unsafe(`
    create function pass_gate() returns trigger language plpgsql security definer as $$ begin
      insert into gate values (now());
      return case tg_op when 'DELETE' then old else new end;
    end $$;
    create trigger gate before ${event} on ${table} for each row when (${condition}) execute function pass_gate();`);

async function storeSeven(
  world: StoredWorld,
  file: (nth: number) => Parameters<StoredWorld["store"]>[0],
): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for (let nth = 0; nth < 7; nth++) files.push(await world.store(file(nth)));
  return files;
}

async function expectGone(
  world: StoredWorld,
  { gone, kept }: { readonly gone: readonly StoredFile[]; readonly kept: readonly StoredFile[] },
): Promise<void> {
  const left = await world.database.sql<{ id: string }[]>`select id from media_files order by id`;
  expect(left.map(({ id }) => id)).toEqual(kept.map(({ id }) => id).sort());
  for (const { key } of gone) expect(await world.storage.stat(key)).toBeNull();
  const { stored, known } = await world.inventory();
  expect(stored).toEqual(known);
}

describe("a worker that is killed in the middle of", () => {
  it.concurrent(
    "purge-deleted leaves the rest to the next run, variants and versions included",
    inOwnWorld(async (world) => {
      const due = await storeSeven(world, (nth) => ({ deletedAt: daysAgo(40 - nth), variants: ["large"] }));
      await world.store({ versionOf: due[3]!, variants: ["thumbnail"] });
      const kept = [await world.store({ deletedAt: daysAgo(1) }), await world.store({ variants: ["large"] })];
      const closed = await world.newCompany(daysAgo(20));
      const closedFile = await world.store({ companyId: closed, variants: ["large"] });
      await world.use(closedFile);
      await gateAt(world, "media_files", { event: "delete", condition: `old.id = '${due[3]!.id}'` });
      await killInTheMiddle(world, "purge-deleted");
      await expectGone(world, { gone: [...due, closedFile], kept });
      expect(await world.database.sql`select from companies where id = ${closed}`).toHaveLength(0);
    }),
  );

  it.concurrent(
    "purge-orphans leaves the rest to the next run",
    inOwnWorld(async (world) => {
      const due = await storeSeven(world, (nth) => ({ createdAt: daysAgo(60 - nth), variants: ["large"] }));
      const used = await world.store({ createdAt: daysAgo(60) });
      await world.use(used);
      await gateAt(world, "media_files", { event: "delete", condition: `old.id = '${due[3]!.id}'` });
      await killInTheMiddle(world, "purge-orphans", { PURGE_ORPHANS: "true" });
      await expectGone(world, { gone: due, kept: [used] });
    }),
  );

  it.concurrent(
    "purge-expired leaves the rest to the next run",
    inOwnWorld(async (world) => {
      const due = await storeSeven(world, (nth) => ({ expiresAt: daysAgo(9 - nth), variants: ["large"] }));
      const kept = await world.store({ expiresAt: daysAgo(-1) });
      await gateAt(world, "media_files", { event: "delete", condition: `old.id = '${due[3]!.id}'` });
      await killInTheMiddle(world, "purge-expired");
      await expectGone(world, { gone: due, kept: [kept] });
    }),
  );

  it.concurrent(
    "sweep-storage leaves the rest to the next run, and touches nothing that a row knows",
    inOwnWorld(async (world) => {
      const known = await world.store({ variants: ["large"] });
      const strays = await makeFiles(world, "stray", 1_500);
      const { sql } = world.database;
      // Where most files have no row, a sweep refuses.
      await makeFiles(world, "known", 1_500);
      await sql`
      insert into blobs (id, company_id, sha256, size, mime_type, storage_key, scan_status)
      select gen_random_uuid(), company_id, encode(sha256(n::text::bytea), 'hex'), size, mime_type,
        '0/known/' || lpad(n::text, 5, '0') || '.txt', scan_status
      from blobs, generate_series(0, 1499) n where storage_key = ${known.key}`;
      // The sweep only reads rows: reading that of the known file, which stands in the last page, passes the gate.
      await sql.unsafe(`
      create function seen(key text) returns boolean language plpgsql volatile security definer as $$ begin
        if key = '${known.key}' then insert into gate values (now()); end if;
        return true;
      end $$;
      alter table blobs rename to stored_blobs;
      create view blobs as select * from stored_blobs where seen(storage_key);
      grant select on blobs to public;`);
      await killInTheMiddle(world, "sweep-storage", {
        NODE_OPTIONS: clockAhead({ hours: 1 }),
        SWEEP_MOST_FILES: "1500",
      });
      expect(strays.length).toBe(1_500);
      await sql`drop view blobs`;
      await sql`alter table stored_blobs rename to blobs`;
      const { stored, known: all } = await world.inventory();
      expect(stored).toEqual(all);
      expect(stored).toHaveLength(1_502);
    }),
  );

  it.concurrent(
    "verify-integrity leaves the rest to the next run, and tells of each altered file once",
    inOwnWorld(async (world) => {
      const files = await storeSeven(world, () => ({}));
      for (const nth of [1, 3, 5])
        await writeFile(join(world.dataFolder, "files", files[nth]!.key), "other bytes");
      await gateAt(world, "blobs", { event: "update", condition: `old.id = '${files[3]!.blobId}'` });
      await killInTheMiddle(world, "verify-integrity");
      const { sql } = world.database;
      const blobs = await sql`select integrity, verified_at is not null as verified from blobs order by id`;
      expect(blobs.map(({ integrity }) => integrity)).toEqual(
        files.map((_file, nth) => (nth % 2 ? "ALTERED" : "INTACT")),
      );
      expect(blobs.every(({ verified }) => verified)).toBe(true);
      const events = await sql`select payload from events where type = 'file.altered' order by sequence`;
      expect(events.map(({ payload }) => payload.mediaFileIds)).toEqual(
        [1, 3, 5].map((nth) => [files[nth]!.id]),
      );
    }),
  );

  it.concurrent(
    "find-missing leaves the rest to the next run, and tells of each missing file once",
    inOwnWorld(async (world) => {
      const files = await storeSeven(world, () => ({}));
      const gone = [1, 3, 5].map((nth) => files[nth]!);
      await world.storage.delete(gone.map(({ key }) => key));
      await gateAt(world, "blobs", { event: "update", condition: `old.id = '${files[3]!.blobId}'` });
      await killInTheMiddle(world, "find-missing");
      const { sql } = world.database;
      const missing = await sql`select id from blobs where integrity = 'MISSING' order by id`;
      expect(missing.map(({ id }) => id)).toEqual(gone.map(({ blobId }) => blobId).sort());
      const events = await sql`select payload from events where type = 'file.missing' order by sequence`;
      expect(events.map(({ payload }) => payload.mediaFileIds)).toEqual(gone.map(({ id }) => [id]));
    }),
  );

  it.concurrent(
    "prune-events leaves the rest to the next run",
    inOwnWorld(async (world) => {
      const { sql } = world.database;
      await sql`
      insert into events (topic, sequence, company_id, type, payload, created_at)
      select 't', n, ${world.companyId}, 'x', '{}', now() - interval '40 days' + n * interval '1 second'
      from generate_series(1, 12000) n`;
      await sql`insert into events (topic, sequence, company_id, type, payload) values ('t', 12001, ${world.companyId}, 'x', '{}')`;
      await gateAt(world, "events", { event: "delete", condition: "old.sequence = 6000" });
      await killInTheMiddle(world, "prune-events");
      expect([...(await sql`select sequence::int from events`)]).toEqual([{ sequence: 12_001 }]);
    }),
  );
});

describe("a worker that is killed between storing and recording what it has rendered", () => {
  it.concurrent(
    "leaves the rendering to the next run, and to the sweep what it had stored",
    inOwnWorld(async (world) => {
      const content = await makeJpeg({ width: 1_600, height: 1_000 });
      const { id, key } = await world.store({ content, mimeType: "image/jpeg" });
      const { sql } = world.database;
      await sql`update media_files set variants_status = 'PENDING' where id = ${id}`;
      const { attempts } = await killJob({
        ...urlsOf(world),
        environment: { FILEDESK_DATA: world.dataFolder, DEMO_DATA: "false" },
        name: "render-variants",
        data: { mediaFileId: id },
        heldAt: "blob_variants",
      });
      expect(attempts).toBe(2);
      const variants = await sql`select name from blob_variants order by width`;
      expect(variants.map(({ name }) => name)).toEqual(["thumbnail", "medium", "large"]);
      expect([...(await sql`select variants_status from media_files`)]).toEqual([
        { variants_status: "READY" },
      ]);
      const { stored, known } = await world.inventory();
      expect(stored).toEqual(expect.arrayContaining([...known, key]));
      await sweepStorage({ db: world.database.db, storage: world.storage }, sweepRules());
      expect((await world.inventory()).stored).toEqual(known);
    }),
  );
});

/** Files without rows, as a process that was killed leaves them; their keys stand before those of any company. */
async function makeFiles(world: StoredWorld, name: string, count: number): Promise<string[]> {
  const folder = join(world.dataFolder, "files", "0", name);
  await mkdir(folder, { recursive: true });
  const names = Array.from({ length: count }, (_, nth) => `${String(nth).padStart(5, "0")}.txt`);
  await Promise.all(names.map((name) => writeFile(join(folder, name), "left behind")));
  return names;
}
