import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { purgeFiles } from "../../../../src/modules/media/upkeep/purge.js";
import type { PurgeReason } from "../../../../src/modules/media/upkeep/purge.repository.js";
import { sweepStorage } from "../../../../src/modules/media/upkeep/sweep.js";
import type { StoredFile, StoredWorld } from "../../../support/stored-files.js";
import { openStoredWorld } from "../../../support/stored-files.js";
import { sweepRules } from "../../../support/sweep-rules.js";

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY);
const DELETED: PurgeReason = { kind: "deleted", before: daysAgo(14) };
const ORPHANED: PurgeReason = { kind: "orphaned", before: daysAgo(30) };

let world: StoredWorld;

const assertMayRemove = jest.fn(async () => {});
const deps = () => ({ db: world.database.db, storage: world.storage, assertMayRemove });
const run = (reason: PurgeReason, options = {}) => purgeFiles(deps(), reason, options);

/** Every row has its bytes, and no bytes are without a row. */
async function expectWhole(): Promise<void> {
  const { stored, known } = await world.inventory();
  expect(stored).toEqual(known);
}

async function filesLeft(): Promise<Set<string>> {
  const rows = await world.database.sql<{ id: string }[]>`select id from media_files`;
  return new Set(rows.map(({ id }) => id));
}

describe("purge", () => {
  beforeEach(async () => {
    world = await openStoredWorld();
  });

  afterEach(async () => {
    await expectWhole();
    await world.close();
  });

  describe("the purge after retention", () => {
    it("removes files that were deleted long enough ago, with their variants' bytes, and reports what it freed", async () => {
      const old = await world.store({ deletedAt: daysAgo(15), variants: ["large", "thumbnail"] });
      const young = await world.store({ deletedAt: daysAgo(13) });
      const live = await world.store();
      const bytes = old.size + "large of it".length + "thumbnail of it".length;
      expect(await run(DELETED)).toEqual({ files: 1, blobs: 1, bytes });
      expect(await filesLeft()).toEqual(new Set([young.id, live.id]));
      expect(await world.storage.stat(old.key)).toBeNull();
    });

    it("lets the bytes wait in the trash, from which the sweep brings them back for a row that shares them", async () => {
      const old = await world.store({ deletedAt: daysAgo(15) });
      const [row] = await world.database.sql`select * from blobs where storage_key = ${old.key}`;
      await run(DELETED);
      await world.database.sql`insert into blobs ${world.database.sql(row!)}`;
      expect(await sweepStorage(deps(), sweepRules())).toMatchObject({ restored: 1, removed: 0 });
      expect(await world.storage.stat(old.key)).toMatchObject({ size: old.size });
    });

    it("asks once whether anything may be removed, before the first file, and removes nothing when it may not", async () => {
      const files = [
        await world.store({ deletedAt: daysAgo(15) }),
        await world.store({ deletedAt: daysAgo(16) }),
      ];
      assertMayRemove.mockClear();
      assertMayRemove.mockRejectedValueOnce(new Error("restored"));
      await expect(run(DELETED)).rejects.toThrow("restored");
      expect(await filesLeft()).toEqual(new Set(files.map(({ id }) => id)));
      expect(await run(DELETED, { dryRun: true })).toMatchObject({ files: 2 });
      expect(assertMayRemove).toHaveBeenCalledTimes(1);
      expect(await run(DELETED)).toMatchObject({ files: 2 });
      expect(await run(DELETED)).toMatchObject({ files: 0 });
      expect(assertMayRemove).toHaveBeenCalledTimes(2);
    });

    it("removes earlier versions with their current file, and never before it", async () => {
      const current = await world.store();
      const before = await world.store({ versionOf: current, deletedAt: daysAgo(20), variants: ["large"] });
      await world.store({ versionOf: before });
      expect((await run(DELETED)).files).toBe(0);
      await world.database.sql`update media_files set deleted_at = ${daysAgo(15)} where id = ${current.id}`;
      expect(await run(DELETED)).toMatchObject({ files: 3, blobs: 3 });
      expect(await filesLeft()).toEqual(new Set());
    });

    it("keeps the whole family while anything uses one of it", async () => {
      const current = await world.store({ deletedAt: daysAgo(15) });
      const version = await world.store({ versionOf: current });
      await world.use(version);
      expect(await run(DELETED)).toEqual({ files: 0, blobs: 0, bytes: 0 });
    });

    it("keeps bytes that another file has in common, and frees them with the last", async () => {
      const first = await world.store({ deletedAt: daysAgo(15) });
      const second = await world.store({ like: first });
      expect(await run(DELETED)).toEqual({ files: 1, blobs: 0, bytes: 0 });
      expect(await world.storage.stat(first.key)).not.toBeNull();
      await world.database.sql`update media_files set deleted_at = ${daysAgo(15)} where id = ${second.id}`;
      expect(await run(DELETED)).toMatchObject({ files: 1, blobs: 1 });
    });

    it("removes the bytes that were put into quarantine", async () => {
      const file = await world.store({ deletedAt: daysAgo(15) });
      const moved = file.key.replace("attachments", "quarantine");
      await world.storage.copy(file.key, moved);
      await world.storage.delete([file.key]);
      await world.database
        .sql`update blobs set storage_key = ${moved}, scan_status = 'QUARANTINED' where id = ${file.blobId}`;
      expect(await run(DELETED)).toMatchObject({ files: 1, blobs: 1 });
      expect(await world.storage.stat(moved)).toBeNull();
    });

    it("says in a dry run what the real one does, and changes nothing", async () => {
      const shared = await world.store({ deletedAt: daysAgo(15), variants: ["large"] });
      await world.store({ like: shared, deletedAt: daysAgo(16) });
      const kept = await world.store({ deletedAt: daysAgo(15) });
      await world.store({ like: kept });
      const current = await world.store({ deletedAt: daysAgo(15) });
      await world.store({ versionOf: current });
      await world.use(await world.store({ deletedAt: daysAgo(15) }));
      const before = [await filesLeft(), await world.inventory()];
      const promised = await run(DELETED, { dryRun: true });
      expect([await filesLeft(), await world.inventory()]).toEqual(before);
      expect(promised).toMatchObject({ files: 5, blobs: 3 });
      expect(await run(DELETED)).toEqual(promised);
    });

    it("passes by whatever stays, and reaches all that is behind it", async () => {
      const stuck = await world.store({ deletedAt: daysAgo(100) });
      await holdByPost(stuck);
      const last = await world.store({ deletedAt: daysAgo(15) });
      await run(DELETED);
      expect(await filesLeft()).toEqual(new Set([stuck.id]));
      expect(await world.storage.stat(last.key)).toBeNull();
    });

    it("ends between two files when it is told to, and goes on the next time", async () => {
      for (let count = 0; count < 5; count++) await world.store({ deletedAt: daysAgo(15 + count) });
      const stopped = new AbortController();
      const run1 = run(DELETED, {
        signal: stopped.signal,
        onProgress: ({ done }: { done: number }) => done === 2 && stopped.abort(),
      });
      await expect(run1).rejects.toThrow(/abort/i);
      expect((await filesLeft()).size).toBe(3);
      expect((await run(DELETED)).files).toBe(3);
    });
  });

  describe("the purge of expired files", () => {
    it("removes those at once whose moment has come, unless something uses them", async () => {
      const over = await world.store({ expiresAt: daysAgo(1) });
      const ahead = await world.store({ expiresAt: new Date(Date.now() + DAY) });
      const used = await world.store({ expiresAt: daysAgo(1) });
      await world.use(used);
      expect(await run({ kind: "expired", at: new Date() })).toMatchObject({ files: 1, blobs: 1 });
      expect(await filesLeft()).toEqual(new Set([ahead.id, used.id]));
      expect(await world.storage.stat(over.key)).toBeNull();
      await world.database.sql`delete from media_usages`;
      expect((await run({ kind: "expired", at: new Date() })).files).toBe(1);
    });
  });

  describe("the purge of orphans", () => {
    it("removes what nothing has used or changed for long, in one company alone, and names it", async () => {
      const orphan = await world.store({ createdAt: daysAgo(31) });
      const used = await world.store({ createdAt: daysAgo(31) });
      await world.use(used);
      const young = await world.store();
      const touched = await world.store({ createdAt: daysAgo(31) });
      await world.database.sql`update media_files set updated_at = now() where id = ${touched.id}`;
      const companyId = await world.newCompany();
      const others = await world.store({ companyId, createdAt: daysAgo(31) });
      const held = await world.store({ createdAt: daysAgo(31) });
      await holdByPost(held);
      for (const dryRun of [true, false]) {
        const named: string[] = [];
        const options = { companyId: world.companyId, dryRun, onPurged: (id: string) => named.push(id) };
        expect(await run(ORPHANED, options)).toEqual({ files: 1, blobs: 1, bytes: orphan.size });
        expect(named).toEqual([orphan.id]);
      }
      expect(await filesLeft()).toEqual(new Set([used.id, young.id, touched.id, others.id, held.id]));
    });
  });
});

/** A deleted post's row keeps its file by a foreign key, as a deleted attachment's does. */
async function holdByPost(file: StoredFile): Promise<void> {
  const { sql } = world.database;
  const { companyId, userId } = world;
  await sql`
    with ticket as (
      insert into tickets (id, company_id, number, subject, description, requester_id)
      values (gen_random_uuid(), ${companyId}, 1, 'Lamp', '', ${userId}) returning id),
    post as (
      insert into media_posts (id, company_id, ticket_id, kind, author_id, deleted_at)
      select gen_random_uuid(), ${companyId}, id, 'PHOTO', ${userId}, now() from ticket returning id)
    insert into media_post_files (id, company_id, post_id, media_file_id, order_index)
    select gen_random_uuid(), ${companyId}, id, ${file.id}, 0 from post`;
}
