import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createLocalStorage, localTempFolder } from "../../../src/platform/storage/local.js";
import { createLocalStaging, localStagingFolder } from "../../../src/platform/storage/local-staging.js";
import { createMovingStaging } from "../../../src/platform/storage/moving-staging.js";
import { createMovingStorage } from "../../../src/platform/storage/moving-storage.js";
import type { MultipartUploads } from "../../../src/platform/storage/multipart-uploads.js";
import { createSegmentStaging } from "../../../src/platform/storage/segment-staging.js";
import type { StagingArea } from "../../../src/platform/storage/staging-area.js";
import type { Storage, StoredObject } from "../../../src/platform/storage/storage.js";
import { ObjectNotFound } from "../../../src/platform/storage/storage.js";
import { describeStaging } from "../../contracts/staging-area.contract.js";
import { describeStorage } from "../../contracts/storage.contract.js";
import { bringIn } from "../../support/read-staged.js";

async function twoFolders() {
  const folder = await mkdtemp(join(tmpdir(), "moving-storage-"));
  const [to, from] = [join(folder, "to"), join(folder, "from")] as const;
  return { to, from, cleanup: () => rm(folder, { recursive: true }) };
}

describeStorage("two folders while objects are moved", async () => {
  const { to, from, cleanup } = await twoFolders();
  const storages = { to: createLocalStorage({ root: to }), from: createLocalStorage({ root: from }) };
  return { storage: createMovingStorage(storages), cleanup };
});

/** As `openStorage` makes them. */
const areas = ({ to, from }: { readonly to: string; readonly from: string }) => {
  const storages = { to: createLocalStorage({ root: to }), from: createLocalStorage({ root: from }) };
  const both = createMovingStorage(storages);
  const segments = (side: "to" | "from") =>
    createSegmentStaging({
      storage: { ...both, put: storages[side].put },
      tempRoot: localTempFolder(to),
    });
  const folder = (root: string) => createLocalStaging(localStagingFolder(root));
  return { both, ...storages, segments, folder };
};

describeStaging("that moves from a folder to segments", async () => {
  const folders = await twoFolders();
  const { segments, folder } = areas(folders);
  return { staging: createMovingStaging(segments("to"), folder(folders.from)), cleanup: folders.cleanup };
});

describeStaging("that moves from segments to a folder", async () => {
  const folders = await twoFolders();
  const { segments, folder } = areas(folders);
  return { staging: createMovingStaging(folder(folders.to), segments("from")), cleanup: folders.cleanup };
});

describe("while objects are moved", () => {
  let folders: Awaited<ReturnType<typeof twoFolders>>;
  let to: Storage;
  let from: Storage;
  let both: Storage;

  beforeEach(async () => {
    folders = await twoFolders();
    ({ to, from, both } = areas(folders));
  });
  afterEach(() => folders.cleanup());

  const put = (storage: Storage, key: string, bytes = key) =>
    storage.put(key, Readable.from([Buffer.from(bytes)]));
  const keysIn = async (objects: AsyncIterable<StoredObject>) => {
    const keys: string[] = [];
    for await (const { key } of objects) keys.push(key);
    return keys.sort();
  };
  const list = async (storage: Storage) => (await storage.list("")).map(({ key }) => key);

  it("finds an object in either storage, and writes to the new one alone", async () => {
    await put(from, "a/old");
    await put(both, "a/new");
    for (const key of ["a/old", "a/new"]) {
      expect(await text(await both.get(key))).toBe(key);
      expect(await both.stat(key)).toMatchObject({ key, size: 5 });
    }
    expect([await list(from), await list(to)]).toEqual([["a/old"], ["a/new"]]);
    await both.copy("a/old", "a/copied");
    await both.copy("a/new", "a/again");
    expect(await list(from)).toEqual(["a/old"]);
    expect(await text(await to.get("a/copied"))).toBe("a/old");
    expect(await text(await to.get("a/again"))).toBe("a/new");
  });

  it("misses no object that is moved between the two looks", async () => {
    await put(from, "moved");
    const moves = <Call extends (key: string) => unknown>(call: Call) =>
      (async (key: string, ...more: never[]) => {
        await put(to, key);
        await from.delete([key]);
        return (call as (...args: unknown[]) => unknown)(key, ...more);
      }) as never;
    const racing = () =>
      createMovingStorage({ to, from: { ...from, get: moves(from.get), stat: moves(from.stat) } });
    expect(await text(await racing().get("moved"))).toBe("moved");
    await to.delete(["moved"]);
    expect(await racing().stat("moved")).toMatchObject({ size: 5 });
    await to.delete(["moved"]);
    await racing().copy("moved", "copied");
    expect(await text(await to.get("copied"))).toBe("moved");
    await expect(both.get("never")).rejects.toEqual(new ObjectNotFound("never"));
  });

  it("lists each key once, in order, over many pages of both", async () => {
    const keys = Array.from(
      { length: 1_100 },
      (_, i) => `list/${String((i * 7_919) % 1_100).padStart(4, "0")}`,
    );
    const putAll = async (storage: Storage, some: readonly string[], bytes: string) => {
      for (let at = 0; at < some.length; at += 50)
        await Promise.all(some.slice(at, at + 50).map((key) => put(storage, key, bytes)));
    };
    await putAll(
      from,
      keys.filter((_, i) => i % 3 !== 0),
      "old",
    );
    await putAll(
      to,
      keys.filter((_, i) => i % 3 !== 1),
      "new one",
    );
    const listed: StoredObject[] = [];
    for (let after: string | undefined; ; after = listed.at(-1)?.key) {
      const page = await both.list("list/", after);
      listed.push(...page);
      if (page.length < 1_000) break;
    }
    expect(listed.map(({ key }) => key)).toEqual([...keys].sort());
    for (const object of listed) expect(await both.stat(object.key)).toEqual(object);
    expect(new Set(await keysIn(both.walk()))).toEqual(new Set(keys));
  });

  it("removes, trashes and restores in both", async () => {
    for (const storage of [to, from]) for (const key of ["both", "gone"]) await put(storage, key);
    await put(from, "old");
    await both.delete(["gone", "never"]);
    expect([await list(from), await list(to)]).toEqual([["both", "old"], ["both"]]);
    await both.trash.put(["both", "old"]);
    expect(await list(both)).toEqual([]);
    expect(await keysIn(both.trash.walk())).toEqual(["both", "both", "old"]);
    await both.trash.restore(["both", "old"]);
    expect([await list(from), await list(to)]).toEqual([["both", "old"], ["both"]]);
    await both.trash.put(["both", "old"]);
    await both.trash.delete(["both", "old"]);
    expect(await keysIn(both.trash.walk())).toEqual([]);
  });

  it("sends clients to the storage that has the object", async () => {
    const signing = (storage: Storage, host: string): Storage => ({
      ...storage,
      presignGet: async (key) => `https://${host}/${key}`,
    });
    const options = { expiresInSeconds: 60, contentType: "", contentDisposition: "", cacheControl: "" };
    const signed = createMovingStorage({ to: signing(to, "to"), from: signing(from, "from") });
    await put(from, "old");
    await put(to, "new");
    expect(await signed.presignGet("old", options)).toBe("https://from/old");
    expect(await signed.presignGet("new", options)).toBe("https://to/new");
    const local = createMovingStorage({
      to: createLocalStorage({ root: folders.to, internalPath: "/to/" }),
      from: createLocalStorage({ root: folders.from, internalPath: "/from/" }),
    });
    expect([await local.internalPath("old", 3), await local.internalPath("new", 3)]).toEqual([
      "/from/old",
      "/to/new",
    ]);
    expect(await local.internalPath("old", 4)).toBeNull();
  });

  it("takes no new direct uploads where the old storage alone takes them, and lets those go on that have begun", async () => {
    expect(createMovingStorage({ to, from }).multipart).toBeNull();
    const multipart = { isEnding: false } as MultipartUploads;
    const receiving = { ...from, multipart };
    expect(createMovingStorage({ to, from: receiving }).multipart?.isEnding).toBe(true);
    expect(createMovingStorage({ to: receiving, from }).multipart?.isEnding).toBe(false);
  });

  describe("an unfinished upload", () => {
    const write = async (staging: StagingArea, name: string, offset: number, bytes: Buffer) => {
      const writer = await staging.continueAt(name, offset);
      await writer.write(bytes);
      await writer.sync();
      await writer.close();
    };

    it.each(["folder", "segments"] as const)(
      "that began in the old %s goes on and is finished there",
      async (kind) => {
        const { segments, folder } = areas(folders);
        const old = kind === "folder" ? folder(folders.from) : segments("from");
        const fresh = kind === "folder" ? segments("to") : folder(folders.to);
        const moving = createMovingStaging(fresh, old);
        const [begun, later, bytes] = [randomUUID(), randomUUID(), randomBytes(5_000)] as const;
        await write(old, begun, 0, bytes.subarray(0, 2_000));
        await write(moving, begun, 2_000, bytes.subarray(2_000));
        await write(moving, later, 0, bytes);
        expect([await old.has(begun), await old.has(later)]).toEqual([true, false]);
        for (const name of [begun, later]) {
          const staged = await moving.open(name, bytes.length);
          const path = await bringIn(staged!);
          expect((await readFile(path)).equals(bytes)).toBe(true);
          await both.putFile(`done/${name}`, path);
          await staged![Symbol.asyncDispose]();
        }
        await moving.remove([begun, later]);
        expect(await list(to)).toEqual([`done/${begun}`, `done/${later}`].sort());
        expect(await list(from)).toEqual([]);
      },
    );
  });
});
