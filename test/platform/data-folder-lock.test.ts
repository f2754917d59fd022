import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { lockDataFolder } from "../../src/platform/data-folder-lock.js";
import { startScript } from "../support/start-script.js";

const module = new URL("../../dist/platform/data-folder-lock.js", import.meta.url).href;

/** Tries to take the lock, says how it went, and stays until it is killed or its stdin ends. */
const TAKE_LOCK = `
const { lockDataFolder } = await import(${JSON.stringify(module)});
const lock = await lockDataFolder(process.argv[1]).catch((error) => console.log("refused " + error.message));
if (lock) {
  console.log("locked");
  await new Promise((resolve) => process.stdin.on("end", resolve).resume());
  await lock.release();
}`;

describe("the data folder's lock", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-lock-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("refuses a second server and says which one holds the folder and what to do", async () => {
    const holder = startScript(TAKE_LOCK, [folder]);
    expect(await holder.nextLine()).toBe("locked");
    const refusal = lockDataFolder(folder);
    await expect(refusal).rejects.toThrow(`process ${holder.pid}`);
    await expect(refusal).rejects.toThrow(folder);
    await expect(refusal).rejects.toThrow("FILEDESK_DATA");
    await holder.kill();
  });

  it("also keeps one process from locking the folder twice", async () => {
    const lock = await lockDataFolder(folder);
    await expect(lockDataFolder(folder)).rejects.toThrow(`process ${process.pid}`);
    await lock.release();
  });

  it("leaves nothing behind when it is released, and can be taken again", async () => {
    const first = await lockDataFolder(folder);
    await first.release();
    expect(await readdir(folder)).toEqual([]);
    const second = await lockDataFolder(folder);
    await first.release();
    await expect(lockDataFolder(folder)).rejects.toThrow("Another Filedesk server");
    await second.release();
  });

  it("takes over the lock of a server that was killed, and clears away what a killed starter left", async () => {
    const holder = startScript(TAKE_LOCK, [folder]);
    expect(await holder.nextLine()).toBe("locked");
    await holder.kill();
    await writeFile(join(folder, "server.lock.0.candidate"), "{");
    await writeFile(join(folder, "server.lock.takeover"), await readFile(join(folder, "server.lock")));
    const lock = await lockDataFolder(folder);
    expect(await readdir(folder)).toEqual(["server.lock"]);
    await lock.release();
  });

  it("is not deceived by another process that now has the killed server's process id", async () => {
    const other = spawn("sleep", ["60"]);
    await writeFile(
      join(folder, "server.lock"),
      JSON.stringify({ pid: other.pid, started: "boot/1", id: "old" }),
    );
    const lock = await lockDataFolder(folder);
    await lock.release();
    other.kill();
  });

  const leaveStaleLock = () =>
    writeFile(
      join(folder, "server.lock"),
      JSON.stringify({ pid: 999_999_999, started: "boot/1", id: "old" }),
    );

  it("lets exactly one of several processes that race for a stale lock win", async () => {
    for (let round = 0; round < 3; round++) {
      await leaveStaleLock();
      const starters = [1, 2, 3, 4].map(() => startScript(TAKE_LOCK, [folder]));
      const lines = await Promise.all(starters.map((starter) => starter.nextLine()));
      expect(lines.filter((line) => line === "locked")).toHaveLength(1);
      await Promise.all(starters.map((starter) => starter.kill()));
    }
  });

  it("lets exactly one win wherever the others stand when it does", async () => {
    for (let round = 0; round < 60; round++) {
      await leaveStaleLock();
      const starters = Array.from({ length: 12 }, async (_, ticks) => {
        for (let tick = 0; tick < ticks * (round % 12); tick++) await new Promise(setImmediate);
        return lockDataFolder(folder);
      });
      const settled = await Promise.allSettled(starters);
      const locks = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      expect(locks).toHaveLength(1);
      await locks[0]?.release();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("says which file is broken rather than guess", async () => {
    await writeFile(join(folder, "server.lock"), "");
    await expect(lockDataFolder(folder)).rejects.toThrow(join(folder, "server.lock"));
  });
});
