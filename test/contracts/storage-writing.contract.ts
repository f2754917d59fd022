import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { ObjectNotFound } from "../../src/platform/storage/storage.js";
import type { StorageUnderTest } from "./storage.contract.js";

const MIB = 1024 * 1024;

/** What a storage promises to whoever changes what it holds. */
export function describeWriting(on: StorageUnderTest): void {
  describe("put", () => {
    it("gives back the bytes that were put", async () => {
      await on.put("put/plain.txt", "hello");
      expect(await on.text("put/plain.txt")).toBe("hello");
    });

    it("keeps an empty object", async () => {
      await on.storage.put("put/empty", Readable.from([]));
      expect((await on.read("put/empty")).length).toBe(0);
      expect((await on.storage.stat("put/empty"))?.size).toBe(0);
    });

    it("keeps a stream of 10 MiB in chunks of odd sizes, byte for byte", async () => {
      const bytes = randomBytes(10 * MIB);
      async function* chunks() {
        for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 13) % 150_001)
          yield bytes.subarray(at, at + size);
      }
      await on.storage.put("put/large", Readable.from(chunks()));
      expect((await on.read("put/large")).equals(bytes)).toBe(true);
    });

    it("keeps a stream of very many single bytes", async () => {
      const bytes = randomBytes(5000);
      await on.storage.put("put/drops", Readable.from([...bytes].map((byte) => Buffer.of(byte))));
      expect((await on.read("put/drops")).equals(bytes)).toBe(true);
    });

    it("replaces what was there", async () => {
      await on.put("put/again", "the first and longer one");
      await on.put("put/again", "the second");
      expect(await on.text("put/again")).toBe("the second");
    });

    it("leaves no key when the stream fails in the middle", async () => {
      await expect(on.storage.put("put/broken", failing(3 * MIB))).rejects.toThrow("the line went dead");
      expect(await on.storage.stat("put/broken")).toBeNull();
      await expect(on.storage.get("put/broken")).rejects.toBeInstanceOf(ObjectNotFound);
    });

    it("leaves no key when the stream is destroyed before its end", async () => {
      const body = new Readable({ read() {} });
      body.push(randomBytes(MIB));
      const stored = on.storage.put("put/aborted", body);
      setImmediate(() => body.destroy());
      await expect(stored).rejects.toThrow();
      expect(await on.storage.stat("put/aborted")).toBeNull();
    });

    it("leaves no key, and no error unheard, when the stream fails at once", async () => {
      const body = new Readable({ read() {} });
      const stored = on.storage.put("put/at-once", body);
      body.destroy(new Error("the line went dead"));
      await expect(stored).rejects.toThrow("the line went dead");
      expect(await on.storage.stat("put/at-once")).toBeNull();
    });

    it("leaves no key when the stream has failed already", async () => {
      const body = failing(0);
      body.resume();
      await expect(new Promise((_, reject) => body.once("error", reject))).rejects.toThrow();
      await expect(on.storage.put("put/late", body)).rejects.toThrow("the line went dead");
      expect(await on.storage.stat("put/late")).toBeNull();
    });

    it("keeps the old object when its replacement fails in the middle", async () => {
      await on.put("put/kept", "old");
      await expect(on.storage.put("put/kept", failing(MIB))).rejects.toThrow();
      expect(await on.text("put/kept")).toBe("old");
    });

    it("makes one of two puts of the same key the winner, whole", async () => {
      for (let round = 0; round < 5; round++) {
        const candidates = [Buffer.alloc(3 * MIB, "a"), Buffer.alloc(2 * MIB, "b")];
        await Promise.all(candidates.map((bytes) => on.put("put/raced", bytes)));
        const winner = await on.read("put/raced");
        expect(candidates.some((bytes) => bytes.equals(winner))).toBe(true);
      }
    });

    it("stores in many new folders at once", async () => {
      const keys = Array.from({ length: 40 }, (_, i) => `put/deep/${i % 4}/${i % 8}/originals/${i}`);
      await Promise.all(keys.map((key) => on.put(key, key)));
      expect(await Promise.all(keys.map((key) => on.text(key)))).toEqual(keys);
    });
  });

  describe("putFile", () => {
    const file = async (fileName: string, bytes: Buffer | string) => {
      const path = join(on.outside, fileName);
      await writeFile(path, bytes);
      return path;
    };

    it("takes the file over: the bytes are under the key, and the path is free", async () => {
      const path = await file("taken", "taken over");
      await on.storage.putFile("file/taken.txt", path);
      expect(await on.text("file/taken.txt")).toBe("taken over");
      expect(existsSync(path)).toBe(false);
    });

    it("replaces what was there", async () => {
      await on.put("file/again", "old");
      await on.storage.putFile("file/again", await file("again", "new"));
      expect(await on.text("file/again")).toBe("new");
    });

    it("dates the object by the time it was stored, however old the file is", async () => {
      const path = await file("old", "written long ago");
      await utimes(path, new Date("2001-01-01"), new Date("2001-01-01"));
      await on.storage.putFile("file/old", path);
      const age = Date.now() - ((await on.storage.stat("file/old"))?.modifiedAt.getTime() ?? 0);
      expect(Math.abs(age)).toBeLessThan(60_000);
    });

    it("leaves the file where it is when it refuses the key", async () => {
      const path = await file("refused", "stays");
      await expect(on.storage.putFile("../refused", path)).rejects.toThrow("not a storage key");
      expect(existsSync(path)).toBe(true);
    });

    it("fails without a trace when there is no such file", async () => {
      await expect(on.storage.putFile("file/none", join(on.outside, "none"))).rejects.toThrow();
      expect(await on.storage.stat("file/none")).toBeNull();
    });
  });

  describe("copy", () => {
    it("makes a second object that outlives the first", async () => {
      const bytes = randomBytes(MIB);
      await on.put("copy/from", bytes);
      await on.put("copy/to", "replaced");
      await on.storage.copy("copy/from", "copy/to");
      await on.storage.delete(["copy/from"]);
      expect((await on.read("copy/to")).equals(bytes)).toBe(true);
    });

    it("leaves an object as it is that is copied onto itself", async () => {
      await on.put("copy/self", "the same");
      await on.storage.copy("copy/self", "copy/self");
      expect(await on.text("copy/self")).toBe("the same");
    });

    it("says that there is nothing to copy, and leaves the target as it was", async () => {
      await on.put("copy/untouched", "untouched");
      await expect(on.storage.copy("copy/none", "copy/untouched")).rejects.toEqual(
        new ObjectNotFound("copy/none"),
      );
      await expect(on.storage.copy("copy/none", "copy/new")).rejects.toBeInstanceOf(ObjectNotFound);
      expect(await on.text("copy/untouched")).toBe("untouched");
      expect(await on.storage.stat("copy/new")).toBeNull();
    });
  });

  describe("delete", () => {
    it("removes all the keys it is given, and no other", async () => {
      const keys = ["delete/1", "delete/2", "delete/sub/3", "delete/kept"];
      await Promise.all(keys.map((key) => on.put(key, key)));
      await on.storage.delete(keys.slice(0, 3));
      expect(await on.keysOf("delete/")).toEqual(["delete/kept"]);
    });

    it("may be repeated, and does not mind keys that never were", async () => {
      await on.put("delete/twice/a", "1");
      await on.storage.delete([]);
      await on.storage.delete([
        "delete/twice/a",
        "delete/twice/a",
        "delete/never",
        "never/at/all",
        "delete/twice/a/b",
      ]);
      await on.storage.delete(["delete/twice/a"]);
      expect(await on.storage.stat("delete/twice/a")).toBeNull();
    });

    it("removes nothing by the name of what only begins keys", async () => {
      await on.put("delete/folder/inside", "1");
      await on.storage.delete(["delete/folder"]);
      expect(await on.text("delete/folder/inside")).toBe("1");
    });

    it("leaves room for the same key again", async () => {
      await on.put("delete/again", "1");
      await on.storage.delete(["delete/again"]);
      await on.put("delete/again", "2");
      expect(await on.text("delete/again")).toBe("2");
    });
  });
}

function failing(bytes: number): Readable {
  async function* chunks() {
    for (let sent = 0; sent < bytes; sent += 65_536) yield randomBytes(65_536);
    throw new Error("the line went dead");
  }
  return Readable.from(chunks());
}
