import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ByteRange, Storage } from "../../src/platform/storage/storage.js";
import { ObjectNotFound } from "../../src/platform/storage/storage.js";
import { describeMultipart } from "./storage-multipart.contract.js";
import { describeReading } from "./storage-reading.contract.js";
import { describeWriting } from "./storage-writing.contract.js";

const ILLEGAL_KEYS = [
  "",
  "/",
  "/absolute",
  "a//b",
  "a/",
  ".",
  "..",
  "../a",
  "a/../b",
  "a/..",
  "a/./b",
  ".tmp/a",
  "a/.hidden",
  "a\\b",
  "a\0b",
  "a b",
  "a\n",
  "é",
  "a%2f..",
  "C:/a",
  `a/${"x".repeat(256)}`,
  Array.from({ length: 200 }, () => "sixsix").join("/"),
];

/** The storage that a run of the contract is about, and what makes its tests short. */
export interface StorageUnderTest {
  readonly storage: Storage;
  /** A folder beside the storage, for files that it is to take over. */
  readonly outside: string;
  put(key: string, bytes: Buffer | string): Promise<void>;
  read(key: string, range?: ByteRange): Promise<Buffer>;
  text(key: string, range?: ByteRange): Promise<string>;
  keysOf(prefix: string, after?: string): Promise<readonly string[]>;
}

/** What every storage promises. An adapter is done when it passes. */
export function describeStorage(
  name: string,
  makeStorage: () => Promise<{ storage: Storage; cleanup(): Promise<void> }>,
): void {
  describe(`the storage contract: ${name}`, () => {
    let made: Awaited<ReturnType<typeof makeStorage>>;
    let outside: string;

    beforeAll(async () => {
      made = await makeStorage();
      outside = await mkdtemp(join(tmpdir(), "storage-contract-"));
    });
    afterAll(async () => {
      await made.cleanup();
      await rm(outside, { recursive: true });
    });

    const on: StorageUnderTest = {
      get storage() {
        return made.storage;
      },
      get outside() {
        return outside;
      },
      put: (key, bytes) => made.storage.put(key, Readable.from([Buffer.from(bytes)])),
      read: async (key, range) => buffer(await made.storage.get(key, range)),
      text: async (key, range) => (await on.read(key, range)).toString(),
      keysOf: async (prefix, after) => (await made.storage.list(prefix, after)).map((object) => object.key),
    };

    describeWriting(on);
    describeReading(on);
    describeMultipart(on);
    describeKeys(on);
    describeUpkeep(on);

    it("finds itself in working order and leaves no trace of the check", async () => {
      await on.storage.check();
      expect(await on.keysOf("probe")).toEqual([]);
    });
  });
}

/** What the sweep, and who asks whose storage it is, rely on. */
function describeUpkeep(on: StorageUnderTest): void {
  const keysOf = async (objects: AsyncIterable<{ readonly key: string }>) => {
    const keys: string[] = [];
    for await (const { key } of objects) keys.push(key);
    return keys.sort();
  };

  describe("walk", () => {
    it("lists every object once, as stat returns it, and nothing else", async () => {
      const keys = Array.from({ length: 70 }, (_, i) => `walk/${i % 3}/${i}`);
      for (const key of [...keys, "walked"]) await on.put(key, key);
      await on.storage.writeMark("no object");
      expect(await keysOf(on.storage.walk())).toEqual([...(await on.keysOf(""))]);
      for await (const object of on.storage.walk())
        if (object.key === "walked") expect(await on.storage.stat("walked")).toEqual(object);
    });
  });

  describe("the trash", () => {
    it("takes objects out of reach, and gives them back", async () => {
      for (const key of ["trash/1", "trash/deep/2", "trash/kept"]) await on.put(key, key);
      await on.storage.trash.put(["trash/1", "trash/deep/2", "trash/never"]);
      expect(await on.keysOf("trash/")).toEqual(["trash/kept"]);
      expect(await keysOf(on.storage.trash.walk())).toEqual(["trash/1", "trash/deep/2"]);
      expect(await text(await on.storage.trash.get("trash/deep/2"))).toBe("trash/deep/2");
      await expect(on.storage.trash.get("trash/kept")).rejects.toBeInstanceOf(ObjectNotFound);
      await on.storage.trash.restore(["trash/1", "trash/deep/2", "trash/never"]);
      expect(await on.text("trash/deep/2")).toBe("trash/deep/2");
      expect(await keysOf(on.storage.trash.walk())).toEqual([]);
    });

    it("does not restore over an existing object, and deletes permanently on request", async () => {
      await on.put("trash/again", "old");
      await on.storage.trash.put(["trash/again"]);
      await on.put("trash/again", "new");
      await on.storage.trash.restore(["trash/again"]);
      expect(await on.text("trash/again")).toBe("new");
      await on.storage.trash.delete(["trash/again", "trash/never"]);
      expect(await keysOf(on.storage.trash.walk())).toEqual([]);
      expect(await on.text("trash/again")).toBe("new");
    });
  });

  it("keeps its mark", async () => {
    await on.storage.writeMark("first");
    await on.storage.writeMark("second");
    expect(await on.storage.readMark()).toBe("second");
    for (let nth = 0; nth < 20; nth++) {
      // The same length, within the same moment: no look is from before the change.
      await on.storage.writeMark(`mark ${nth % 10}`);
      expect(await on.storage.readMark()).toBe(`mark ${nth % 10}`);
    }
    expect(await on.keysOf("")).not.toContain(".filedesk-installation");
  });
}

function describeKeys(on: StorageUnderTest): void {
  describe("keys", () => {
    it("may look odd as long as they are legal", async () => {
      const keys = [
        "-",
        "_",
        "--help",
        "a..b",
        "x.",
        "0",
        "con",
        "odd/A-Z_a.z/-/_/9...9",
        `odd/${"x".repeat(255)}`,
      ];
      for (const key of keys) {
        await on.put(key, key);
        expect(await on.text(key)).toBe(key);
      }
      expect(await on.keysOf("")).toEqual(expect.arrayContaining(keys));
    });

    it.each(ILLEGAL_KEYS.map((key) => [JSON.stringify(key).slice(0, 30), key]))(
      "are refused everywhere: %s",
      async (_, key) => {
        const refusal = "not a storage key";
        const body = Readable.from([Buffer.from("x")]);
        await expect(on.storage.put(key, body)).rejects.toThrow(refusal);
        expect(body.destroyed).toBe(true);
        await expect(on.storage.putFile(key, join(on.outside, "none"))).rejects.toThrow(refusal);
        await expect(on.storage.get(key)).rejects.toThrow(refusal);
        await expect(on.storage.stat(key)).rejects.toThrow(refusal);
        await expect(on.storage.delete([key])).rejects.toThrow(refusal);
        await on.put("keys/legal", "x");
        await expect(on.storage.copy("keys/legal", key)).rejects.toThrow(refusal);
        await expect(on.storage.copy(key, "keys/legal")).rejects.toThrow(refusal);
        if (key !== "" && !/^[^/]+\/$/.test(key)) await expect(on.storage.list(key)).rejects.toThrow(refusal);
      },
    );
  });
}
