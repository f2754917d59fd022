import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { IntegrityFinding } from "../../../../src/modules/media/upkeep/finding.js";
import type { MoveFilesOptions } from "../../../../src/modules/media/upkeep/move-files.js";
import { moveFiles } from "../../../../src/modules/media/upkeep/move-files.js";
import { sweepStorage } from "../../../../src/modules/media/upkeep/sweep.js";
import { createLocalStorage, localTempFolder } from "../../../../src/platform/storage/local.js";
import { createMovingStorage } from "../../../../src/platform/storage/moving-storage.js";
import type { Storage, StoredObject } from "../../../../src/platform/storage/storage.js";
import { StorageFault } from "../../../../src/platform/storage/storage.js";
import { openTempFolder } from "../../../../src/platform/storage/temp-folder.js";
import { filesUnder } from "../../../support/inventory.js";
import type { StoredFile, StoredWorld } from "../../../support/stored-files.js";
import { openStoredWorld } from "../../../support/stored-files.js";
import { sweepRules } from "../../../support/sweep-rules.js";

const NOTHING = {
  moved: 0,
  movedBytes: 0,
  alreadyThere: 0,
  missing: 0,
  altered: 0,
  unreadable: 0,
  removed: 0,
  unfinishedUploads: 0,
};

let world: StoredWorld;
let folder: string;
let from: Storage;
let to: Storage;
let findings: IntegrityFinding[];

/** @param more methods of the storages that behave in another way */
async function move(
  options: MoveFilesOptions = {},
  more: { from?: Partial<Storage>; to?: Partial<Storage> } = {},
) {
  const tempFolder = await openTempFolder(localTempFolder(folder));
  const moving = {
    from: { ...from, ...more.from },
    to: { ...to, ...more.to },
    stagingFrom: { has: async () => false },
  };
  findings = [];
  const onFinding = (finding: IntegrityFinding) => void findings.push(finding);
  try {
    return await moveFiles(
      { db: world.database.db, clock: () => new Date(), moving, tempFolder },
      { ...options, onFinding },
    );
  } finally {
    expect(await filesUnder(tempFolder.path)).toEqual([]);
    await tempFolder.close();
  }
}

const keysOf = async (objects: AsyncIterable<StoredObject>) => {
  const keys: string[] = [];
  for await (const { key } of objects) keys.push(key);
  return keys.sort();
};
const known = async () => (await world.inventory()).known;
const alter = async (storage: Storage, { key }: StoredFile) => {
  const bytes = await buffer(await storage.get(key));
  bytes[3]! ^= 1;
  await storage.put(key, Readable.from([bytes]));
};

describe("moving files to another storage", () => {
  beforeAll(async () => {
    world = await openStoredWorld();
    from = world.storage;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.database.sql`truncate media_files, blobs, staged_uploads cascade`;
    await from.delete(await keysOf(from.walk()));
    await from.trash.delete(await keysOf(from.trash.walk()));
    folder = await mkdtemp(join(tmpdir(), "filedesk-moved-"));
    to = createLocalStorage({ root: folder });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("moves originals and variants, those of deleted files and of unused uploads as well, and keeps the old ones", async () => {
    for (let n = 0; n < 20; n++) await world.store({ variants: n % 2 ? ["large", "thumbnail"] : [] });
    await world.store({ deletedAt: new Date() });
    const staged = await stagedUpload();
    const before = await keysOf(from.walk());
    const promised = await move({ dryRun: true });
    expect(promised).toMatchObject({
      ...NOTHING,
      moved: 42,
      movedBytes: 22 * 100 + 10 * "large of itthumbnail of it".length,
    });
    expect(await keysOf(to.walk())).toEqual([]);

    expect(await move()).toEqual(promised);
    expect(await keysOf(to.walk())).toEqual([...(await known()), staged].sort());
    expect(await keysOf(from.walk())).toEqual(before);
    for (const key of before) expect(await text(await to.get(key))).toBe(await text(await from.get(key)));
    expect(await move()).toEqual({ ...NOTHING, alreadyThere: 42 });
  });

  it("goes on where it was interrupted", async () => {
    for (let n = 0; n < 40; n++) await world.store();
    const stopped = new AbortController();
    const first = move({ signal: stopped.signal, onProgress: ({ done }) => done === 10 && stopped.abort() });
    await expect(first).rejects.toThrow(/abort/);
    const there = (await keysOf(to.walk())).length;
    expect(there).toBeGreaterThanOrEqual(10);
    expect(there).toBeLessThan(40);
    expect(await move()).toMatchObject({ moved: 40 - there, alreadyThere: there });
  });

  it("moves what a server with earlier settings stores meanwhile", async () => {
    await world.store();
    let later: StoredFile | undefined;
    const putFile: Storage["putFile"] = async (key, path) => {
      await to.putFile(key, path);
      // The pass has read all rows already.
      later ??= await world.store();
    };
    expect(await move({}, { to: { putFile } })).toMatchObject({ moved: 2 });
    expect(await to.stat(later!.key)).not.toBeNull();
  });

  it("lists damaged and missing files, and moves none of them", async () => {
    const [whole, altered, gone, cut] = [
      await world.store(),
      await world.store(),
      await world.store(),
      await world.store(),
    ];
    await alter(from, altered);
    await from.put(cut.key, Readable.from(["shorter"]));
    await from.delete([gone.key]);
    expect(await move()).toMatchObject({ moved: 1, missing: 1, altered: 2 });
    expect(await keysOf(to.walk())).toEqual([whole.key]);
    const names = findings.map(({ finding, storageKey }) => `${finding} ${storageKey}`);
    expect(new Set(names)).toEqual(
      new Set([`ALTERED ${altered.key}`, `ALTERED ${cut.key}`, `MISSING ${gone.key}`]),
    );
    expect(findings[0]?.mediaFiles).toHaveLength(1);
    expect(await keysOf(from.walk())).toEqual([altered.key, cut.key, whole.key].sort());
  });

  it("lists what the old storage cannot read, unless the storage itself is away", async () => {
    const [whole, bad] = [await world.store(), await world.store()];
    const get: Storage["get"] = async (key) => {
      if (key !== bad.key) return from.get(key);
      return Readable.from(
        (async function* () {
          yield Buffer.from("some");
          throw new Error("EIO");
        })(),
      );
    };
    expect(await move({}, { from: { get } })).toMatchObject({ moved: 1, unreadable: 1 });
    expect(await keysOf(to.walk())).toEqual([whole.key]);
    const check = async () => {
      throw new StorageFault("it is away");
    };
    await expect(move({}, { from: { get, check } })).rejects.toThrow("it is away");
  });

  it("says that the new storage returns other bytes than were written, and leaves none of them there", async () => {
    const file = await world.store();
    const get: Storage["get"] = async () => Readable.from(["something else"]);
    await expect(move({ deleteOld: true }, { to: { get } })).rejects.toThrow(StorageFault);
    expect([await keysOf(to.walk()), await keysOf(from.walk())]).toEqual([[], [file.key]]);
  });

  it("copies again what is there with another size", async () => {
    const file = await world.store();
    await to.put(file.key, Readable.from(["half of it"]));
    expect(await move()).toMatchObject({ moved: 1 });
    expect((await to.stat(file.key))?.size).toBe(file.size);
  });

  it("does not mind a file that is purged meanwhile", async () => {
    const [kept, purged] = [await world.store(), await world.store()];
    const get: Storage["get"] = async (key) => {
      if (key === purged.key) {
        await world.database.sql`delete from media_files where id = ${purged.id}`;
        await world.database.sql`delete from blobs where id = ${purged.blobId}`;
        await from.trash.put([key]);
      }
      return from.get(key);
    };
    expect(await move({}, { from: { get } })).toEqual({ ...NOTHING, moved: 1, movedBytes: kept.size });
    expect(findings).toEqual([]);
  });

  describe("with --delete", () => {
    it("removes each old one, and nothing that could not be moved", async () => {
      const [moved, altered, there, other] = [
        await world.store({ variants: ["large"] }),
        await world.store(),
        await world.store(),
        await world.store(),
      ];
      await alter(from, altered);
      for (const { key } of [there, other]) await to.put(key, await from.get(key));
      // Of the right size, but not what it should be.
      await alter(to, other);
      const promised = await move({ deleteOld: true, dryRun: true });
      expect(promised).toMatchObject({ moved: 3, alreadyThere: 2, removed: 5 });
      expect(await move({ deleteOld: true })).toMatchObject({
        moved: 3,
        alreadyThere: 1,
        altered: 1,
        removed: 4,
      });
      expect(await keysOf(from.walk())).toEqual([altered.key]);
      expect(await keysOf(to.walk())).toEqual((await known()).filter((key) => key !== altered.key));
      for (const { key, sha256 } of [moved, there, other]) {
        expect(
          createHash("sha256")
            .update(await buffer(await to.get(key)))
            .digest("hex"),
        ).toBe(sha256);
      }
      expect(await move({ deleteOld: true })).toMatchObject({ moved: 0, removed: 0 });
    });
  });

  it("is no reason for a sweep to remove anything, nor to leave strays in either", async () => {
    for (let n = 0; n < 12; n++) await world.store();
    await move();
    for (const storage of [from, to]) await storage.put("stray/one", Readable.from(["stray"]));
    await from.put("stray/old", Readable.from(["stray"]));
    const both = createMovingStorage({ from, to });
    const deps = { db: world.database.db, storage: both };
    expect(await sweepStorage(deps, sweepRules())).toMatchObject({ removed: 3 });
    expect(await keysOf(to.walk())).toEqual(await known());
    expect(await keysOf(from.walk())).toEqual(await known());
    expect(await keysOf(both.trash.walk())).toEqual(["stray/old", "stray/one", "stray/one"]);
    const later = sweepRules({ trashedBefore: new Date(Date.now() + 60_000) });
    await sweepStorage(deps, later);
    expect(await keysOf(both.trash.walk())).toEqual([]);
  });
});

/** @returns its key */
async function stagedUpload(): Promise<string> {
  const { key, sha256, size } = await world.store();
  const { sql } = world.database;
  // Its bytes are those of a blob that nothing refers to any more.
  const checked = { fileName: "note.txt", blob: { storageKey: key, sha256, size } };
  await sql`delete from media_files where blob_id in (select id from blobs where storage_key = ${key})`;
  await sql`delete from blobs where storage_key = ${key}`;
  await sql`
    insert into staged_uploads (id, company_id, owner_id, bucket, method, status, file_name, expires_at, storage_key, checked)
    values ('00000000-0000-7000-8000-000000000009', ${world.companyId}, ${world.userId}, 'ATTACHMENTS', 'RESUMABLE', 'READY',
      'note.txt', now() + interval '1 hour', ${key}, ${sql.json(checked)})`;
  return key;
}
