import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { TempFolder } from "../../../src/platform/storage/temp-folder.js";
import { openTempFolder } from "../../../src/platform/storage/temp-folder.js";

describe("the temp folder", () => {
  let root: string;
  let folder: TempFolder;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "temp-file-"));
    folder = await openTempFolder(join(root, "made/for/temp"));
  });
  afterEach(() => rm(root, { recursive: true }));

  const inFolder = () => readdir(folder.path);

  it("is open to its owner alone, and so are its files", async () => {
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    await using temp = await folder.open();
    await temp.close();
    expect((await stat(temp.path)).mode & 0o777).toBe(0o600);
  });

  it("is this process' own: what killed processes left is removed, what others are busy with stays", async () => {
    const parent = dirname(folder.path);
    const [space, pid, started] = basename(folder.path).split("-");
    const folders = {
      nobodys: "left",
      ofAKilledProcess: `${space}-4194304-${started}`,
      ofAnEarlierProcessWithOurId: `${space}-${pid}-0123456789ab`,
      ofAnotherContainer: `0123456789ab-${pid}-${started}`,
      ofAContainerThatIsGone: `0123456789ab-1-${started}`,
    };
    for (const name of Object.values(folders)) {
      await mkdir(join(parent, name));
      await writeFile(join(parent, name, "half"), "half a file");
    }
    const longAgo = new Date(Date.now() - 20 * 60_000);
    await utimes(join(parent, folders.ofAContainerThatIsGone), longAgo, longAgo);
    await writeFile(join(folder.path, "half"), "in flight");
    await openTempFolder(parent);
    expect((await readdir(parent)).sort()).toEqual(
      [basename(folder.path), folders.ofAnotherContainer].sort(),
    );
    expect(await inFolder()).toEqual(["half"]);
  });

  it("is removed when it is closed, unless something is in flight", async () => {
    const temp = await folder.open();
    await temp.close();
    await folder.close();
    expect(await inFolder()).toHaveLength(1);
    await temp[Symbol.asyncDispose]();
    await folder.close();
    expect(existsSync(folder.path)).toBe(false);
  });

  it("holds what was written, in order, once the file is closed", async () => {
    const chunks = [1, 300_000, 0, 17, 65_536, 1_000_000, 2].map((size) => randomBytes(size));
    await using temp = await folder.open();
    for (const chunk of chunks) await temp.write(chunk);
    await temp.close();
    expect((await readFile(temp.path)).equals(Buffer.concat(chunks))).toBe(true);
  });

  it("holds an empty file when nothing was written", async () => {
    await using temp = await folder.open();
    await temp.close();
    expect((await stat(temp.path)).size).toBe(0);
  });

  it("sees nothing of a file that nothing was written to", async () => {
    await using temp = await folder.open();
    expect(existsSync(temp.path)).toBe(false);
    await temp[Symbol.asyncDispose]();
    expect(await inFolder()).toEqual([]);
  });

  it("is empty again after a file was disposed of in the middle of the writing", async () => {
    for (const size of [10, 400_000, 3_000_000]) {
      const temp = await folder.open();
      for (let sent = 0; sent < size; sent += 50_000) await temp.write(Buffer.alloc(50_000));
      await temp[Symbol.asyncDispose]();
      expect(await inFolder()).toEqual([]);
    }
  });

  it("does not write on after the file was disposed of", async () => {
    const descriptors = openDescriptors();
    for (let i = 0; i < 20; i++) {
      const temp = await folder.open();
      const late = [temp.write(Buffer.alloc(600_000)), temp.write(Buffer.alloc(600_000))];
      await temp[Symbol.asyncDispose]();
      await Promise.allSettled(late);
      await expect(temp.write(Buffer.alloc(600_000))).rejects.toThrow("closed");
    }
    expect(await inFolder()).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
  });

  it("leaves a file alone that somebody took over", async () => {
    const taken = join(root, "taken");
    {
      await using temp = await folder.open();
      await temp.write(Buffer.from("kept"));
      await temp.close();
      await rename(temp.path, taken);
    }
    expect(await readFile(taken, "utf8")).toBe("kept");
    expect(await inFolder()).toEqual([]);
  });

  it("may be closed and disposed of twice", async () => {
    const temp = await folder.open();
    await temp.write(Buffer.from("x"));
    await temp.close();
    await temp.close();
    await temp[Symbol.asyncDispose]();
    await temp[Symbol.asyncDispose]();
    expect(await inFolder()).toEqual([]);
  });

  it("leaves nothing of a file that is disposed of while it is being closed", async () => {
    const descriptors = openDescriptors();
    // Making the folder again takes longer than the disposal.
    await rm(folder.path, { recursive: true });
    const temp = await folder.open();
    await temp.write(Buffer.from("x"));
    const closing = temp.close();
    await temp[Symbol.asyncDispose]();
    await closing;
    expect(await inFolder()).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
  });

  it("comes back when somebody removed it", async () => {
    await rm(folder.path, { recursive: true });
    await using temp = await folder.open();
    await temp.write(Buffer.from("x"));
    await temp.close();
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    expect(await readFile(temp.path, "utf8")).toBe("x");
  });

  it("tells of a write that failed at the latest when the file is closed, and does not hang", async () => {
    await rm(folder.path, { recursive: true });
    await writeFile(folder.path, "a file in the way");
    await using temp = await folder.open();
    await temp.write(Buffer.alloc(600_000));
    await expect(temp.close()).rejects.toThrow();
    await rm(folder.path);
    await mkdir(folder.path);
  });
});

/** Where the system does not tell, there are none to compare. */
const openDescriptors = () => (existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0);
