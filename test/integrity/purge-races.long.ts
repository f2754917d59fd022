import { setTimeout as pass } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { lockBlobs } from "../../src/modules/media/blob.repository.js";
import { insertMediaFiles } from "../../src/modules/media/media-file.repository.js";
import { purgeFile } from "../../src/modules/media/upkeep/purge.js";
import type { PurgeReason } from "../../src/modules/media/upkeep/purge.repository.js";
import type { StoredFile, StoredWorld } from "../support/stored-files.js";
import { openStoredWorld } from "../support/stored-files.js";

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY);
const DELETED: PurgeReason = { kind: "deleted", before: daysAgo(14) };

let world: StoredWorld;

const deps = () => ({ db: world.database.db, storage: world.storage, assertMayRemove: async () => {} });

/** Every row has its bytes, and no bytes are without a row. */
async function expectWhole(): Promise<void> {
  const { stored, known } = await world.inventory();
  expect(stored).toEqual(known);
}

describe("the purge, 200 times each,", () => {
  beforeEach(async () => {
    world = await openStoredWorld();
  });

  afterEach(async () => {
    await expectWhole();
    await world.close();
  });

  it("never takes a file that a restoration has been promised", async () => {
    const outcomes = await race(async (file) => {
      const rows = await world.database
        .sql`update media_files set deleted_at = null where id = ${file.id} returning id`;
      return rows.length > 0;
    });
    expectBothWays(outcomes);
  });

  it("never takes a file that has come into use", async () => {
    const outcomes = await race((file) =>
      world.use(file).then(
        async () =>
          (await world.database.sql`select from media_usages where media_file_id = ${file.id}`).length > 0,
        (error: { code?: string }) => {
          if (error.code === "23503") return false; // the file went first
          throw error;
        },
      ),
    );
    expectBothWays(outcomes);
  });

  it("never takes bytes that an upload of the same has claimed", async () => {
    const { db } = world.database;
    const { companyId, userId } = world;
    const uploader = { userId, guestId: null };
    const uploadSame = ({ sha256, size }: StoredFile) =>
      db.transaction(async (tx) => {
        const [blob] = await lockBlobs(tx, companyId, [sha256]);
        if (!blob) return null;
        const same = { companyId, blobId: blob.id, bucket: "ATTACHMENTS", uploader, size } as const;
        return insertMediaFiles(tx, [
          { ...same, fileName: "again.txt", mimeType: "text/plain", variantsStatus: "NOT_APPLICABLE" },
        ]);
      });
    const won: boolean[] = [];
    for (let round = 0; round < 200; round++) {
      const file = await world.store({ deletedAt: daysAgo(15), variants: ["large"] });
      const [uploaded, purged] = await Promise.all([
        pass(round % 8).then(() => uploadSame(file)),
        pass(2).then(() => purgeFile(deps(), file.id, DELETED)),
      ]);
      won.push(uploaded !== null);
      expect(purged).toMatchObject({ files: 1, blobs: uploaded ? 0 : 1 });
      expect((await world.storage.stat(file.key)) !== null).toBe(uploaded !== null);
    }
    expectBothWays(won);
  });

  /** Races a rival against the purge of a deleted file with a version and a variant. @returns whether the rival won, each time */
  async function race(rival: (file: StoredFile) => Promise<boolean>): Promise<boolean[]> {
    const won: boolean[] = [];
    let purgeMs = 5;
    for (let round = 0; round < 200; round++) {
      const file = await world.store({ deletedAt: daysAgo(15), variants: ["large"] });
      await world.store({ versionOf: file, variants: ["thumbnail"] });
      const startedAt = performance.now();
      const [rivalWon, purged] = await Promise.all([
        // From well before the purge to well after it.
        pass(((round % 10) / 5) * purgeMs).then(() => rival(file)),
        pass(purgeMs / 2)
          .then(() => purgeFile(deps(), file.id, DELETED))
          .then((report) => {
            purgeMs = Math.min(20, (performance.now() - startedAt) / 1.5);
            return report;
          }),
      ]);
      won.push(rivalWon);
      expect(purged.files).toBe(rivalWon ? 0 : 2);
      const left = await world.database
        .sql`select from media_files where id = ${file.id} or version_of = ${file.id}`;
      expect(left).toHaveLength(rivalWon ? 2 : 0);
      expect((await world.storage.stat(file.key)) !== null).toBe(rivalWon);
    }
    await expectWhole();
    return won;
  }

  function expectBothWays(won: readonly boolean[]): void {
    const times = won.filter(Boolean).length;
    expect(times).toBeGreaterThan(0);
    expect(times).toBeLessThan(200);
  }
});
