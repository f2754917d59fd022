import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as pass } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { listKnownBlobs, lockBlobs, upsertBlobs } from "../../../../src/modules/media/blob.repository.js";
import { findMissing } from "../../../../src/modules/media/upkeep/find-missing.js";
import { sweepStorage } from "../../../../src/modules/media/upkeep/sweep.js";
import { verifyIntegrity } from "../../../../src/modules/media/upkeep/verify-integrity.js";
import type { RequestVariants } from "../../../../src/modules/media/variants/request-variants.js";
import { pruneEvents } from "../../../../src/platform/events/log/prune-events.js";
import { sweepTempFiles } from "../../../../src/platform/storage/sweep-temp-files.js";
import type { StoredFile, StoredWorld } from "../../../support/stored-files.js";
import { openStoredWorld } from "../../../support/stored-files.js";
import { sweepRules } from "../../../support/sweep-rules.js";

const HOUR = 3_600_000;
const NO_LIMITS = { files: 1_000_000, bytes: Number.MAX_SAFE_INTEGER };

let world: StoredWorld;
let rendered: string[];

const clock = () => new Date();
const requestVariants: RequestVariants = async (_tx, files) =>
  void rendered.push(...files.map(({ id }) => id));
const verify = (limits = NO_LIMITS, options = {}) =>
  verifyIntegrity({ ...world, db: world.database.db, clock, requestVariants }, limits, options);
const look = (options = {}) =>
  findMissing(
    {
      ...world,
      db: world.database.db,
      requestVariants,
    },
    options,
  );

async function stateOf({ blobId }: StoredFile) {
  const [row] = await world.database
    .sql`select integrity, sha256, verified_at from blobs where id = ${blobId}`;
  return row;
}

const events = () =>
  world.database.sql`select topic, sequence::int, type, payload from events order by topic, sequence`;

/** Turns one bit of a stored file round. */
async function flipOneBit({ key }: Pick<StoredFile, "key">): Promise<void> {
  const bytes = await buffer(await world.storage.get(key));
  bytes[7]! ^= 1;
  await world.storage.put(key, Readable.from([bytes]));
}

describe("integrity", () => {
  beforeEach(async () => {
    world = await openStoredWorld();
    rendered = [];
  });

  afterEach(() => world.close());

  describe("the verification", () => {
    it("finds one bit that has turned, marks the file, tells the managers once, and leaves the hash alone", async () => {
      const [good, bad] = [await world.store(), await world.store()];
      const twin = await world.store({ like: bad });
      await flipOneBit(bad);
      expect(await verify()).toMatchObject({ verified: 2, altered: 1, missing: 0, unreadable: 0 });
      expect(await verify()).toMatchObject({ altered: 1 });
      expect(await stateOf(good)).toMatchObject({ integrity: "INTACT", verified_at: expect.any(Date) });
      expect(await stateOf(bad)).toMatchObject({ integrity: "ALTERED", sha256: bad.sha256 });
      expect([...(await events())]).toEqual([
        {
          topic: `media:${world.companyId}`,
          sequence: 1,
          type: "file.altered",
          payload: { mediaFileIds: [bad.id, twin.id].sort() },
        },
      ]);
    });

    it("says whose bytes are damaged, in a dry run as well", async () => {
      const [altered, gone] = [await world.store(), await world.store()];
      await world.store();
      const twin = await world.store({ like: altered, deletedAt: new Date() });
      await flipOneBit(altered);
      await world.storage.delete([gone.key]);
      const sql = world.database.sql;
      await sql`update media_files set file_name = 'pool.jpg' where id in (${altered.id}, ${twin.id})`;
      await sql`update media_files set file_name = 'contract.pdf' where id = ${gone.id}`;
      const [company] = await sql`select slug from companies where id = ${world.companyId}`;
      const common = { company: company?.slug };
      const whatIsGone = {
        ...common,
        finding: "MISSING",
        storageKey: gone.key,
        size: gone.size,
        mediaFiles: [{ id: gone.id, fileName: "contract.pdf" }],
      };
      const whatIsAltered = {
        ...common,
        finding: "ALTERED",
        storageKey: altered.key,
        size: altered.size,
        mediaFiles: [altered.id, twin.id].sort().map((id) => ({ id, fileName: "pool.jpg" })),
      };
      for (const dryRun of [true, false]) {
        const findings: unknown[] = [];
        const options = { dryRun, onFinding: (finding: unknown) => void findings.push(finding) };
        await look(options);
        expect(findings.splice(0)).toEqual([whatIsGone]);
        await verify(NO_LIMITS, options);
        expect(findings).toHaveLength(2);
        expect(findings).toEqual(expect.arrayContaining([whatIsAltered, whatIsGone]));
      }
    });

    it("calls a file intact again whose right bytes have been put back", async () => {
      const file = await world.store();
      await flipOneBit(file);
      await verify();
      await flipOneBit(file);
      await verify();
      expect(await stateOf(file)).toMatchObject({ integrity: "INTACT" });
    });

    it("begins with those that were not looked at for longest, and keeps to the limits of a run", async () => {
      const files = [await world.store(), await world.store(), await world.store()];
      const seen = async () =>
        Promise.all(files.map(async (file) => (await stateOf(file))?.integrity === "INTACT"));
      expect(await verify({ files: 1, bytes: 1_000 })).toMatchObject({ verified: 1 });
      expect(await seen()).toEqual([true, false, false]);
      expect(await verify({ files: 10, bytes: 1 })).toMatchObject({ verified: 1 });
      expect(await seen()).toEqual([true, true, false]);
      expect(await verify({ files: 1, bytes: 1_000 })).toMatchObject({ verified: 1 });
      expect(await seen()).toEqual([true, true, true]);
    });

    it("says nothing of what the storage fails to give, and goes on", async () => {
      const files = [await world.store(), await world.store()];
      const { get } = world.storage;
      const storage = {
        ...world.storage,
        get: (key: string) => (key === files[0]!.key ? Promise.reject(new Error("EIO")) : get(key)),
      };
      const report = await verifyIntegrity(
        { db: world.database.db, storage, clock, requestVariants },
        NO_LIMITS,
      );
      expect(report).toMatchObject({ verified: 1, unreadable: 1 });
      expect(await stateOf(files[0]!)).toMatchObject({ integrity: "UNVERIFIED", verified_at: null });
    });

    it("looks at each file once, over several pages, though none of them is marked", async () => {
      const { sql } = world.database;
      // Half of them were never verified, the others all at the same moment.
      for (let n = 0; n < 250; n++) await world.store();
      await sql`update blobs set verified_at = '2026-01-01' where id in (select id from blobs order by id limit 125)`;
      expect(await verify(NO_LIMITS, { dryRun: true })).toMatchObject({ verified: 250, missing: 0 });
    });

    it("changes nothing in a dry run, and counts the same", async () => {
      const bad = await world.store();
      await flipOneBit(bad);
      const promised = await verify(NO_LIMITS, { dryRun: true });
      expect(await stateOf(bad)).toMatchObject({ integrity: "UNVERIFIED", verified_at: null });
      expect(await events()).toHaveLength(0);
      expect(await verify()).toEqual(promised);
    });
  });

  describe("the verification of variants", () => {
    it("finds one that is altered or missing, says so, and has it made again unless it is a dry run", async () => {
      const file = await world.store({ variants: ["large", "medium", "thumbnail"] });
      const { sql } = world.database;
      const keys = new Map(
        (await sql<{ name: string; key: string }[]>`select name, storage_key as key from blob_variants`).map(
          ({ name, key }) => [name, key],
        ),
      );
      await flipOneBit({ key: keys.get("large")! });
      await world.storage.delete([keys.get("medium")!]);
      const names = async () =>
        (await sql`select name from blob_variants order by name`).map(({ name }) => name);
      const findings: unknown[] = [];
      const onFinding = (finding: unknown) => void findings.push(finding);
      const promised = await verify(NO_LIMITS, { dryRun: true, onFinding });
      expect(promised).toMatchObject({ verified: 1, altered: 0, alteredVariants: 1, missingVariants: 1 });
      expect(findings).toMatchObject([
        {
          finding: "ALTERED",
          variant: "large",
          storageKey: keys.get("large"),
          mediaFiles: [{ id: file.id }],
        },
      ]);
      expect([await names(), rendered]).toEqual([["large", "medium", "thumbnail"], []]);

      expect(await verify()).toEqual(promised);
      expect([await names(), rendered]).toEqual([["thumbnail"], [file.id, file.id]]);
      expect([...(await sql`select variants_status from media_files`)]).toEqual([
        { variants_status: "PENDING" },
      ]);
      expect(await stateOf(file)).toMatchObject({ integrity: "INTACT" });
      expect(await verify()).toMatchObject({ alteredVariants: 0, missingVariants: 0 });
    });
  });

  describe("bytes that are missing", () => {
    it("mark their file, and are told once, until they are back", async () => {
      const [gone, there] = [await world.store(), await world.store()];
      await world.storage.delete([gone.key]);
      const promised = await look({ dryRun: true });
      expect(await stateOf(gone)).toMatchObject({ integrity: "UNVERIFIED" });
      expect(await look()).toEqual(promised);
      expect(await look()).toEqual({ seen: 2, missing: 1, missingVariants: 0, found: 0 });
      expect(await stateOf(gone)).toMatchObject({ integrity: "MISSING", sha256: gone.sha256 });
      expect(await stateOf(there)).toMatchObject({ integrity: "UNVERIFIED" });
      expect((await events()).map(({ type }) => type)).toEqual(["file.missing"]);

      await world.storage.copy(there.key, gone.key);
      expect(await look()).toMatchObject({ missing: 0, found: 1 });
      await verify();
      expect(await stateOf(gone)).toMatchObject({ integrity: "ALTERED" });
    });

    it("of a variant have it rendered again", async () => {
      const file = await world.store({ variants: ["large", "thumbnail"] });
      const { stored } = await world.inventory();
      await world.storage.delete(stored.filter((key) => key.includes("/large/")));
      expect(await look()).toMatchObject({ seen: 3, missing: 0, missingVariants: 1 });
      expect(rendered).toEqual([file.id]);
      const { sql } = world.database;
      expect([...(await sql`select name from blob_variants`)]).toEqual([{ name: "thumbnail" }]);
      expect([...(await sql`select variants_status from media_files`)]).toEqual([
        { variants_status: "PENDING" },
      ]);
      expect(await events()).toMatchObject([{ type: "file.updated", payload: { mediaFileId: file.id } }]);
    });

    it("are taken from whoever uploads them again, and the file is whole", async () => {
      const content = "bytes that were lost";
      const lost = await world.store({ content });
      await world.storage.delete([lost.key]);
      await look();
      const { db } = world.database;
      const { companyId } = world;
      expect(await listKnownBlobs(db, companyId, [lost.sha256])).toEqual([]);
      expect(await lockBlobs(db, companyId, [lost.sha256])).toEqual([]);
      const storageKey = lost.key.replace("originals", "again");
      await world.storage.put(storageKey, Readable.from([content]));
      const found = { durationMs: null, width: null, height: null, metadata: {}, placeholder: null };
      const blob = { ...found, sha256: lost.sha256, size: lost.size, mimeType: "text/plain", storageKey };
      const [claimed] = await upsertBlobs(db, companyId, [{ ...blob, scanStatus: "NOT_SCANNED" }]);
      expect(claimed).toMatchObject({ id: lost.blobId, storageKey, isHealed: true });
      expect(await stateOf(lost)).toMatchObject({ integrity: "UNVERIFIED" });
      await verify();
      expect(await stateOf(lost)).toMatchObject({ integrity: "INTACT" });
    });
  });

  describe("the sweeps", () => {
    it("remove bytes without a row, and leave variants, young bytes and what is known", async () => {
      await world.store({ variants: ["large", "medium", "thumbnail"] });
      const { known } = await world.inventory();
      await world.storage.put("stray/old.txt", Readable.from(["left behind"]));
      // Some storages name times by the second alone.
      const { modifiedAt } = (await world.storage.stat("stray/old.txt"))!;
      while (new Date() <= modifiedAt) await pass(20);
      const rules = sweepRules({ storedBefore: new Date() });
      await pass(20);
      await world.storage.put("stray/young.txt", Readable.from(["on its way"]));
      const promised = await sweepStorage({ ...world, db: world.database.db }, rules, { dryRun: true });
      expect((await world.inventory()).stored).toContain("stray/old.txt");
      expect(await sweepStorage({ ...world, db: world.database.db }, rules)).toEqual(promised);
      expect(promised).toEqual({
        seen: known.length + 2,
        removed: 1,
        removedBytes: "left behind".length,
        restored: 0,
        emptied: 0,
      });
      expect((await world.inventory()).stored).toEqual([...known, "stray/young.txt"].sort());
    });

    it("bring back from the trash what a row refers to, and empty it of the rest when its time is over", async () => {
      const deps = { ...world, db: world.database.db };
      const file = await world.store({ content: "uploaded after yesterday's dump" });
      const trash = async () => {
        const keys: string[] = [];
        for await (const { key } of world.storage.trash.walk()) keys.push(key);
        return keys;
      };
      // The row is gone, as in yesterday's dump, and comes back with the right one.
      await world.storage.put("stray/of-nobody.txt", Readable.from(["x"]));
      await world.database.sql`update blobs set storage_key = 'elsewhere' where id = ${file.blobId}`;
      expect(await sweepStorage(deps, sweepRules())).toMatchObject({ removed: 2 });
      expect(await trash()).toEqual(expect.arrayContaining([file.key, "stray/of-nobody.txt"]));
      await world.database.sql`update blobs set storage_key = ${file.key} where id = ${file.blobId}`;
      expect(await sweepStorage(deps, sweepRules())).toMatchObject({ removed: 0, restored: 1, emptied: 0 });
      expect(await text(await world.storage.get(file.key))).toBe("uploaded after yesterday's dump");
      const later = sweepRules({ trashedBefore: new Date(Date.now() + HOUR) });
      expect((await sweepStorage(deps, later)).emptied).toBeGreaterThan(0);
      expect(await trash()).toEqual([]);
      expect(await text(await world.storage.get(file.key))).toBe("uploaded after yesterday's dump");
    });

    it("refuse to remove more than a stated number and share, before anything is moved", async () => {
      const deps = { ...world, db: world.database.db };
      for (let files = 0; files < 13; files += 1) await world.store();
      const keys = Array.from({ length: 12 }, (_, i) => `stray/many/${i}`);
      for (const key of keys) await world.storage.put(key, Readable.from([key]));
      const rules = sweepRules({ mostFiles: 10, mostPercent: 10 });
      // The last copy of what a wrong database does not know lies in the trash, and stays there.
      await world.storage.put("stray/last-copy", Readable.from(["x"]));
      await world.storage.trash.put(["stray/last-copy"]);
      const later = { ...rules, trashedBefore: new Date(Date.now() + HOUR) };
      await expect(sweepStorage(deps, later)).rejects.toThrow(
        /^12 of 25 stored files have no record .* filedesk sweep --even-many$/,
      );
      expect((await world.inventory()).stored).toEqual(expect.arrayContaining(keys));
      // Either bound alone lets it go on.
      expect(
        await sweepStorage(deps, sweepRules({ mostFiles: 10, mostPercent: 100 }), { dryRun: true }),
      ).toMatchObject({ removed: expect.any(Number) });
      expect(
        await sweepStorage(deps, sweepRules({ mostFiles: 12, mostPercent: 10 }), { dryRun: true }),
      ).toEqual(expect.objectContaining({ removed: 12 }));
      await world.storage.trash.restore(["stray/last-copy"]);
      expect((await sweepStorage(deps, rules, { evenMany: true })).removed).toBe(13);
      expect((await world.inventory()).stored).toEqual((await world.inventory()).known);
    });

    it("refuse to remove most of a small desk's files, whatever the number and the share", async () => {
      const deps = { ...world, db: world.database.db };
      for (let files = 0; files < 11; files += 1) await world.store();
      for (let i = 0; i < 11; i += 1) await world.storage.put(`stray/few/${i}`, Readable.from(["x"]));
      expect(await sweepStorage(deps, sweepRules(), { dryRun: true })).toMatchObject({ removed: 11 });
      await world.storage.put("stray/few/11", Readable.from(["x"]));
      await expect(sweepStorage(deps, sweepRules())).rejects.toThrow(/^12 of 23 stored files have no record/);
      // So few may be all that a killed first upload has left.
      await world.database.sql`update blobs set storage_key = 'elsewhere/' || id`;
      for (let i = 0; i < 12; i += 1) await world.storage.delete([`stray/few/${i}`]);
      await world.storage.delete((await world.inventory()).stored.slice(1));
      expect(await sweepStorage(deps, sweepRules())).toMatchObject({ seen: 1, removed: 1 });
    });

    it("remove what unfinished uploads have left, and leave those that are under way", async () => {
      const folder = join(world.dataFolder, "temp");
      const [old, young] = [join(folder, "a", "old"), join(folder, "b", "young")];
      for (const path of [old, young]) {
        await mkdir(join(path, ".."), { recursive: true });
        await writeFile(path, "half a file");
      }
      const twoDaysAgo = new Date(Date.now() - 48 * HOUR);
      await utimes(old, twoDaysAgo, twoDaysAgo);
      const before = new Date(Date.now() - 24 * HOUR);
      const promised = await sweepTempFiles(folder, before, { dryRun: true });
      expect(promised).toEqual({ removed: 1, removedBytes: "half a file".length });
      expect(await sweepTempFiles(folder, before)).toEqual(promised);
      expect(await sweepTempFiles(folder, before)).toEqual({ removed: 0, removedBytes: 0 });
      expect(await sweepTempFiles(join(folder, "none"), before)).toEqual({ removed: 0, removedBytes: 0 });
    });
  });

  describe("events", () => {
    it("are pruned when they are old, and their numbers go on", async () => {
      const { sql, db } = world.database;
      await sql`insert into event_topics values ('t', 12002)`;
      await sql`
      insert into events (topic, sequence, company_id, type, payload, created_at)
      select 't', n, ${world.companyId}, 'x', '{}', case when n <= 12000 then now() - interval '31 days' else now() end
      from generate_series(1, 12002) n`;
      const before = new Date(Date.now() - 30 * 24 * HOUR);
      expect(await pruneEvents(db, before, { dryRun: true })).toEqual({ removed: 12_000 });
      const progress: number[] = [];
      expect(await pruneEvents(db, before, { onProgress: ({ done }) => progress.push(done) })).toEqual({
        removed: 12_000,
      });
      expect(progress).toEqual([5_000, 10_000, 12_000]);
      expect((await events()).map(({ sequence }) => sequence)).toEqual([12_001, 12_002]);
      expect([...(await sql`select sequence::int from event_topics`)]).toEqual([{ sequence: 12_002 }]);
    });
  });
});
