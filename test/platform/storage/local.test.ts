import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createLocalStorage, localTempFolder } from "../../../src/platform/storage/local.js";
import type { Storage } from "../../../src/platform/storage/storage.js";
import { openTempFolder } from "../../../src/platform/storage/temp-folder.js";
import { describeStorage } from "../../contracts/storage.contract.js";
import { filesUnder } from "../../support/inventory.js";
import { present } from "../../support/present.js";

const MIB = 1024 * 1024;
/** As it is built, for a process of its own. */
const BUILT = new URL("../../../dist/platform/storage/local.js", import.meta.url).href;
const SHARED_MEMORY = "/dev/shm";
const hasSecondFileSystem =
  existsSync(SHARED_MEMORY) && statSync(SHARED_MEMORY).dev !== statSync(tmpdir()).dev;

describeStorage("local disk", async () => {
  const root = await mkdtemp(join(tmpdir(), "local-storage-"));
  return { storage: createLocalStorage({ root }), cleanup: () => rm(root, { recursive: true }) };
});

describe("the local storage", () => {
  let folder: string;
  let root: string;
  let storage: Storage;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "local-storage-"));
    root = join(folder, "not/there/yet");
    storage = createLocalStorage({ root });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = (key: string, bytes: Buffer | string) => storage.put(key, Readable.from([Buffer.from(bytes)]));
  const tempFiles = () => filesUnder(localTempFolder(root));
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  it("makes files 0644 and folders 0755, whatever the umask", async () => {
    const umask = process.umask(0o077);
    try {
      await put("acme/2026/put.bin", "x");
      await writeFile(join(folder, "file"), "x", { mode: 0o600 });
      await storage.putFile("globex/file.bin", join(folder, "file"));
    } finally {
      process.umask(umask);
    }
    for (const key of ["acme/2026/put.bin", "globex/file.bin"])
      expect(await modeOf(join(root, key))).toBe("644");
    for (const key of ["acme", "acme/2026", "globex", ""]) expect(await modeOf(join(root, key))).toBe("755");
    expect(await modeOf(localTempFolder(root))).toBe("700");
  });

  it("leaves no temp file after a put, nor after one that failed at the stream or at the rename", async () => {
    await put("a/object", Buffer.alloc(MIB));
    const dying = Readable.from(
      (async function* () {
        yield Buffer.alloc(MIB);
        throw new Error("gone");
      })(),
    );
    await expect(storage.put("a/dying", dying)).rejects.toThrow("gone");
    await expect(put("a/object/below", "a key behind a key")).rejects.toThrow();
    await expect(put("a", "a key before a key")).rejects.toThrow();
    expect(await tempFiles()).toEqual([]);
    expect((await storage.list("")).map((object) => object.key)).toEqual(["a/object"]);
  });

  it("hears the error of a stream that fails while the first folder is still being made", async () => {
    const body = new Readable({ read() {} });
    const failed = storage.put("y", body);
    body.destroy(new Error("gone at once"));
    await expect(failed).rejects.toThrow("gone at once");
    expect(await storage.list("")).toEqual([]);
  });

  it("hides in a list what is no object of its own: temp files, hidden files, links, foreign names", async () => {
    await put("seen", "x");
    await writeFile(join(localTempFolder(root), "half"), "x");
    await writeFile(join(root, ".hidden"), "x");
    await writeFile(join(root, "with a space"), "x");
    await symlink(join(root, "seen"), join(root, "link"));
    expect((await storage.list("")).map((object) => object.key)).toEqual(["seen"]);
  });

  it("stores again after somebody removed the folders that it had made", async () => {
    await put("a/b/c/1", "x");
    await rm(join(root, "a/b"), { recursive: true });
    await put("a/b/c/2", "x");
    await put("a/b/d/3", "x");
    await rm(root, { recursive: true });
    await Promise.all([put("a/b/e/4", "x"), put("a/b/c/5", "x"), put("a/b/c/6", "x")]);
    expect((await storage.list("")).map((object) => object.key)).toEqual(["a/b/c/5", "a/b/c/6", "a/b/e/4"]);
  });

  it("lets a reader finish what is replaced or deleted under its hands", async () => {
    for (const disturb of [() => put("read", "new"), () => storage.delete(["read"])]) {
      const old = Buffer.alloc(3 * MIB, "o");
      await put("read", old);
      const reading = await storage.get("read");
      await once(reading, "readable");
      await disturb();
      expect((await buffer(reading)).equals(old)).toBe(true);
    }
  });

  it("takes a temp file over without a copy", async () => {
    const temps = await openTempFolder(localTempFolder(root));
    await using temp = await temps.open();
    await temp.write(Buffer.from("upload"));
    await temp.close();
    const { ino } = await stat(temp.path);
    await storage.putFile("acme/upload", temp.path);
    expect((await stat(join(root, "acme/upload"))).ino).toBe(ino);
    expect(await tempFiles()).toEqual([]);
  });

  (present("a second file system at /dev/shm", hasSecondFileSystem) ? it : it.skip)(
    "takes a file over from another file system (/dev/shm)",
    async () => {
      const elsewhere = await mkdtemp(join(SHARED_MEMORY, "local-storage-"));
      try {
        const bytes = Buffer.alloc(2 * MIB, "e");
        await writeFile(join(elsewhere, "file"), bytes, { mode: 0o600 });
        await storage.putFile("acme/elsewhere", join(elsewhere, "file"));
        expect((await buffer(await storage.get("acme/elsewhere"))).equals(bytes)).toBe(true);
        expect(await modeOf(join(root, "acme/elsewhere"))).toBe("644");
        expect(await readdir(elsewhere)).toEqual([]);
        expect(await tempFiles()).toEqual([]);
      } finally {
        await rm(elsewhere, { recursive: true });
      }
    },
  );

  it("says in words why it cannot be used", async () => {
    await mkdir(dirname(root), { recursive: true });
    await writeFile(root, "a file where the folder should be");
    await expect(storage.check()).rejects.toThrow(`the storage folder ${root} cannot be used: `);
  });

  it("makes no object of a put that is killed in the middle, only a temp file that the next start removes", async () => {
    const script = `
      import { Readable } from "node:stream";
      import { createLocalStorage } from ${JSON.stringify(BUILT)};
      async function* endless() {
        for (let sent = 0; ; sent++) {
          if (sent === 64) process.stdout.write("in the middle");
          yield Buffer.alloc(65536);
          await new Promise(setImmediate);
        }
      }
      await createLocalStorage({ root: process.argv[1] }).put("acme/killed", Readable.from(endless()));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script, root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    await Promise.race([once(child.stdout, "data"), exited]);
    child.kill("SIGKILL");
    expect(await exited).toEqual([null, "SIGKILL"]);

    expect(await storage.stat("acme/killed")).toBeNull();
    expect(await storage.list("")).toEqual([]);
    const [left, ...more] = await tempFiles();
    expect(more).toEqual([]);
    expect((await stat(join(localTempFolder(root), left ?? ""))).size).toBeGreaterThan(0);
    await openTempFolder(localTempFolder(root));
    expect(await tempFiles()).toEqual([]);
    await put("acme/killed", "whole");
    expect(await text(await storage.get("acme/killed"))).toBe("whole");
  });

  (present("/proc/self/fd", existsSync("/proc/self/fd")) ? it : it.skip)(
    "leaks no descriptor in 200 failures of each kind",
    async () => {
      await put("object", Buffer.alloc(MIB));
      const before = readdirSync("/proc/self/fd").length;
      for (let i = 0; i < 200; i++) {
        const dying = new Readable({ read() {} });
        dying.push(Buffer.alloc(i % 2 ? 10 : 600_000));
        setImmediate(() => dying.destroy(new Error("gone")));
        await expect(storage.put("failed", dying)).rejects.toThrow("gone");
        await expect(put("object/below", "x")).rejects.toThrow();
        await expect(storage.get("missing")).rejects.toThrow();
        await expect(storage.get("object", { start: 9 * MIB, end: 9 * MIB })).rejects.toThrow(RangeError);
        await expect(storage.copy("object", "../object")).rejects.toThrow();
        const left = await storage.get("object");
        left.destroy();
        await once(left, "close");
      }
      expect(readdirSync("/proc/self/fd").length).toBe(before);
      expect(await tempFiles()).toEqual([]);
    },
  );
});
