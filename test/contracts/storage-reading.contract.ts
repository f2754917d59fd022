import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { ObjectNotFound, WrongSize } from "../../src/platform/storage/storage.js";
import type { StorageUnderTest } from "./storage.contract.js";

const MIB = 1024 * 1024;

/** What a storage promises to whoever reads from it. */
export function describeReading(on: StorageUnderTest): void {
  describe("get", () => {
    it.each(["range/small", "range/large"])("gives exactly the bytes of a range: %s", async (key) => {
      const bytes = randomBytes(key === "range/small" ? 1000 : 2 * MIB);
      await on.put(key, bytes);
      const last = bytes.length - 1;
      for (const [start, end] of [
        [0, 0],
        [0, last],
        [10, 499],
        [last, last],
        [1, last - 1],
      ] as const)
        expect((await on.read(key, { start, end })).equals(bytes.subarray(start, end + 1))).toBe(true);
    });

    it("ends a range that reaches past the object where the object ends", async () => {
      await on.put("range/short", "0123456789");
      expect(await on.text("range/short", { start: 7, end: 1000 })).toBe("789");
      expect(await on.text("range/short", { start: 0, end: Number.MAX_SAFE_INTEGER })).toBe("0123456789");
    });

    it("refuses a range that begins behind the object or before it", async () => {
      await on.put("range/none", "0123456789");
      await expect(on.storage.get("range/none", { start: 10, end: 12 })).rejects.toBeInstanceOf(RangeError);
      await expect(on.storage.get("range/none", { start: -1, end: 3 })).rejects.toBeInstanceOf(RangeError);
      await expect(on.storage.get("range/none", { start: 5, end: 4 })).rejects.toBeInstanceOf(RangeError);
      await on.storage.put("range/empty", Readable.from([]));
      await expect(on.storage.get("range/empty", { start: 0, end: 0 })).rejects.toBeInstanceOf(RangeError);
    });

    it("says before the first byte that an object has not the length that it should have", async () => {
      await on.put("range/ten", "0123456789");
      for (const size of [9, 11])
        await expect(on.storage.get("range/ten", { start: 9, end: 9 }, size)).rejects.toBeInstanceOf(
          WrongSize,
        );
      await expect(on.storage.get("range/ten", { start: 20, end: 30 }, 40)).rejects.toBeInstanceOf(WrongSize);
      const stream = await on.storage.get("range/ten", { start: 9, end: 9 }, 10);
      expect((await stream.toArray()).join("")).toBe("9");
    });

    it("says before the first byte that nothing is there", async () => {
      await on.put("get/here", "here");
      for (const key of ["get/missing", "missing/altogether", "get/here/below", "get"])
        await expect(on.storage.get(key)).rejects.toEqual(new ObjectNotFound(key));
    });
  });

  describe("stat", () => {
    it("returns key, size and time", async () => {
      await on.put("stat/one", "12345");
      const object = await on.storage.stat("stat/one");
      expect(object).toMatchObject({ key: "stat/one", size: 5 });
      expect(Math.abs(Date.now() - (object?.modifiedAt.getTime() ?? 0))).toBeLessThan(60_000);
    });

    it("is null where no object is, and for what only begins keys", async () => {
      await on.put("stat/folder/one", "1");
      for (const key of ["stat/none", "stat/folder", "stat/folder/one/below"])
        expect(await on.storage.stat(key)).toBeNull();
    });
  });

  describe("list", () => {
    const sorted = [
      "10",
      "9",
      "B",
      "_x",
      "a",
      "a-b",
      "a.b/c",
      "a0",
      "b",
      "d-e/f",
      "d.e",
      "d/1",
      "d/1.5/x",
      "d/2/3/4",
      "d0",
    ]
      .map((name) => `list/${name}`)
      .sort();

    beforeAll(async () => {
      for (const key of [...sorted].reverse()) await on.put(key, key);
      await on.put("listed", "beside");
    });

    it("is in the order of the keys' bytes, whatever the slashes", async () => {
      expect(await on.keysOf("list/")).toEqual(sorted);
    });

    it("returns each object as stat does", async () => {
      const objects = await on.storage.list("list/d/");
      expect(objects.length).toBe(3);
      for (const object of objects) expect(await on.storage.stat(object.key)).toEqual(object);
    });

    it("goes on behind any key, whether it exists or not", async () => {
      const between = [
        "list/",
        "list/A",
        "list/a/",
        "list/d",
        "list/d/1.5",
        "list/d/2/3/0",
        "list/zzz",
        "a",
        "z",
      ];
      for (const after of [...sorted, ...between])
        expect(await on.keysOf("list/", after)).toEqual(sorted.filter((key) => key > after));
    });

    it("takes a prefix that ends anywhere in a key", async () => {
      for (const prefix of [
        "list/a",
        "list/d",
        "list/d/",
        "list/d/1",
        "list/d/1.5/x",
        "list/d/2/3",
        "list/none",
        "none/at/all",
      ])
        expect(await on.keysOf(prefix)).toEqual(sorted.filter((key) => key.startsWith(prefix)));
      expect(await on.keysOf("list")).toEqual([...sorted, "listed"]);
      expect(await on.keysOf("")).toEqual(expect.arrayContaining(sorted));
    });

    it("pages through more than a thousand objects without a gap or a repetition, and deletes them all", async () => {
      const keys = Array.from({ length: 1_234 }, (_, i) => `pages/${i % 5}/${i}`).sort();
      for (let i = 0; i < keys.length; i += 50)
        await Promise.all(keys.slice(i, i + 50).map((key) => on.put(key, "x")));
      const first = await on.keysOf("pages/");
      const second = await on.keysOf("pages/", first.at(-1));
      expect([first.length, second.length]).toEqual([1_000, 234]);
      expect([...first, ...second]).toEqual(keys);
      expect(await on.keysOf("pages/", second.at(-1))).toEqual([]);
      await on.storage.delete(keys);
      expect(await on.keysOf("pages/")).toEqual([]);
    });
  });
}
