import { randomBytes, randomUUID } from "node:crypto";
import { access } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { StagingArea } from "../../src/platform/storage/staging-area.js";
import { bringIn, readStaged } from "../support/read-staged.js";

interface Opened {
  readonly staging: StagingArea;
  cleanup(): Promise<void>;
}

/** What every staging area promises. */
export function describeStaging(name: string, open: () => Promise<Opened>): void {
  describe(`the staging area ${name}`, () => {
    let opened: Opened;

    beforeAll(async () => {
      opened = await open();
    });

    afterAll(() => opened?.cleanup());

    const write = async (file: string, offset: number, bytes: Buffer, pieces = 3) => {
      const writer = await opened.staging.continueAt(file, offset);
      try {
        const size = Math.ceil(bytes.length / pieces);
        for (let at = 0; at < bytes.length; at += size) await writer.write(bytes.subarray(at, at + size));
        return await writer.sync();
      } finally {
        await writer.close();
      }
    };
    const read = (file: string, size: number) => readStaged(opened.staging, file, size);

    it("holds what is written to it in parts, by many small and few large chunks", async () => {
      const file = randomUUID();
      const bytes = randomBytes(9 * 1024 * 1024 + 17);
      expect(await write(file, 0, bytes.subarray(0, 5_000), 5_000)).toBe(5_000);
      expect(await write(file, 5_000, bytes.subarray(5_000), 2)).toBe(bytes.length);
      expect((await read(file, bytes.length))?.equals(bytes)).toBe(true);
    });

    it("holds back 8 MiB at most at a checkpoint, and what it names then survives without a sync", async () => {
      const file = randomUUID();
      const bytes = randomBytes(19 * 1024 * 1024 + 5);
      const writer = await opened.staging.continueAt(file, 0);
      let durable = 0;
      for (let at = 0; at < bytes.length; at += 700_001) {
        await writer.write(bytes.subarray(at, at + 700_001));
        durable = await writer.checkpoint();
        expect(durable).toBeLessThanOrEqual(Math.min(at + 700_001, bytes.length));
        expect(durable).toBeGreaterThan(at + 700_000 - 8 * 1024 * 1024);
      }
      // The server is killed here.
      await writer.close();
      expect(await write(file, durable, bytes.subarray(durable), 2)).toBe(bytes.length);
      expect((await read(file, bytes.length))?.equals(bytes)).toBe(true);
    });

    it("discards what was written behind the offset at which a file is continued", async () => {
      const file = randomUUID();
      const bytes = randomBytes(3_000);
      await write(file, 0, bytes.subarray(0, 1_000));
      await write(file, 1_000, randomBytes(1_500));
      await write(file, 1_000, bytes.subarray(1_000));
      expect((await read(file, 3_000))?.equals(bytes)).toBe(true);
      expect(await write(file, 0, bytes.subarray(0, 7))).toBe(7);
      expect((await read(file, 7))?.equals(bytes.subarray(0, 7))).toBe(true);
    });

    it("gives no file that is not complete, and none that it does not have", async () => {
      const file = randomUUID();
      await write(file, 0, randomBytes(100));
      expect(await read(file, 101)).toBeNull();
      expect(await read(file, 99)).toBeNull();
      expect(await read(randomUUID(), 1)).toBeNull();
    });

    it("removes files, and does not mind that one is missing", async () => {
      const file = randomUUID();
      await write(file, 0, randomBytes(100));
      await opened.staging.remove([file, randomUUID()]);
      await opened.staging.remove([file]);
      expect(await read(file, 100)).toBeNull();
    });

    it("sweeps what has not been written for long and is not needed", async () => {
      const [needed, left] = [randomUUID(), randomUUID()] as const;
      await write(needed, 0, randomBytes(50));
      await write(left, 0, randomBytes(60));
      const kept = async (names: readonly string[]) => new Set(names.filter((one) => one !== left));
      const sweep = (writtenBefore: Date, dryRun = false) =>
        opened.staging.sweep({ writtenBefore, dryRun, kept });
      const later = new Date(Date.now() + 60_000);
      expect(await sweep(new Date(Date.now() - 60_000))).toEqual({ removed: 0, removedBytes: 0 });
      expect(await sweep(later, true)).toEqual({ removed: 1, removedBytes: 60 });
      expect(await sweep(later)).toEqual({ removed: 1, removedBytes: 60 });
      expect(await read(left, 60)).toBeNull();
      expect(await read(needed, 50)).toHaveLength(50);
    });

    it("leaves no file of its own behind that was made to be checked, once it is disposed of", async () => {
      const file = randomUUID();
      await write(file, 0, randomBytes(100));
      const staged = await opened.staging.open(file, 100);
      const path = await bringIn(staged!);
      await access(path);
      await staged![Symbol.asyncDispose]();
      await opened.staging.remove([file]);
      await expect(access(path)).rejects.toThrow("ENOENT");
    });
  });
}
