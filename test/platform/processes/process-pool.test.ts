import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { MIB } from "../../../src/kernel/bytes.js";
import { packageRoot } from "../../../src/kernel/package-root.js";
import { createProcessPool } from "../../../src/platform/processes/process-pool.js";
import { until } from "../../support/feed-world.js";

const ENTRY = join(packageRoot, "test/support/odd-process.js");
const limits = { timeoutMs: 30_000, memoryBytes: 512 * MIB };

interface Answer {
  readonly pid: number;
  readonly question: string;
  readonly environment: readonly string[];
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("a pool of processes", () => {
  const pool = createProcessPool<string>(ENTRY);
  const ask = (question: string, more: object = {}) =>
    pool.run(question, { ...limits, ...more }) as Promise<Answer>;

  it("answers one question at a time in each, and uses an idle one again", async () => {
    const [first, second] = await Promise.all([ask("one"), ask("two")]);
    expect([first.question, second.question]).toEqual(["one", "two"]);
    expect(first.pid).not.toBe(second.pid);
    expect([first.pid, second.pid]).toContain((await ask("three")).pid);
    expect(first.environment.filter((name) => name !== "PATH" && !name.startsWith("NODE_CHANNEL"))).toEqual(
      [],
    );
  });

  it.each([
    ["loops", "loop", { timeoutMs: 500 }, "time"],
    ["hangs", "hang", { timeoutMs: 500 }, "time"],
    ["takes too much memory", "allocate", { memoryBytes: 300 * MIB }, "memory"],
    ["exits", "exit", {}, "crash"],
    ["crashes", "crash", {}, "crash"],
  ])("ends a process that %s, and goes on with another", async (_what, question, more, reason) => {
    const { pid } = await ask("before");
    await expect(ask(question, more)).rejects.toMatchObject({ name: "ProcessEnded", reason });
    await until(() => !isRunning(pid));
    expect((await ask("after")).pid).not.toBe(pid);
  });

  it("asks no process again that has kept much memory", async () => {
    const { pid } = await ask("bloat");
    await until(() => !isRunning(pid));
    expect((await ask("after")).pid).not.toBe(pid);
  });

  it("passes on what a process refuses, and what fails in it", async () => {
    await expect(ask("refuse")).rejects.toMatchObject({
      name: "FiledeskError",
      code: "CORRUPT_FILE",
      message: "No.",
      details: { limit: 7 },
    });
    await expect(ask("fail")).rejects.toMatchObject({ message: "No space", code: "ENOSPC" });
  });

  it("ends a process whose answer nobody waits for any more", async () => {
    const { pid } = await ask("before");
    const aborting = new AbortController();
    const answer = ask("hang", { signal: aborting.signal });
    aborting.abort(new Error("not wanted"));
    await expect(answer).rejects.toThrow("not wanted");
    await until(() => !isRunning(pid));
    await expect(ask("one", { signal: aborting.signal })).rejects.toThrow("not wanted");
  });

  it("says that an installation is incomplete, as a failure of the machine", async () => {
    const missing = createProcessPool<string>(join(packageRoot, "test/support/no-such-process.js"));
    await expect(missing.run("one", limits)).rejects.toMatchObject({ code: "ERR_PROCESS_START" });
  });

  it.each(["idle", "hang"])("leaves no process behind when its own is killed (%s)", async (state) => {
    const script = `
      import { createProcessPool } from "./dist/platform/processes/process-pool.js";
      const pool = createProcessPool(${JSON.stringify(ENTRY)});
      const limits = ${JSON.stringify(limits)};
      console.log((await pool.run("one", limits)).pid);
      if (${JSON.stringify(state)} === "hang") void pool.run("hang", limits);
      setInterval(() => {}, 1_000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: packageRoot });
    const [line] = (await owner.stdout.take(1).toArray()) as [Buffer];
    const pid = Number(line.toString());
    expect(isRunning(pid)).toBe(true);
    owner.kill("SIGKILL");
    await until(() => !isRunning(pid));
  });

  it("does not keep its own process from ending while it is idle", async () => {
    const script = `
      import { createProcessPool } from "./dist/platform/processes/process-pool.js";
      console.log((await createProcessPool(${JSON.stringify(ENTRY)}).run("one", ${JSON.stringify(limits)})).question);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: packageRoot });
    const ended = new Promise((resolve) => owner.once("exit", resolve));
    expect(String((await owner.stdout.toArray())[0])).toBe("one\n");
    expect(await ended).toBe(0);
  });
});
