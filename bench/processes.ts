import type { ChildProcess } from "node:child_process";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BLOCK_REQUEST } from "./event-loop.js";
import type { LoadJob, LoadResult } from "./load.js";
import type { Memory } from "./memory.js";
import { MEMORY_REQUEST } from "./memory.js";

/** A server under load, in a process of its own. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Its memory after a garbage collection. */
  memory(): Promise<Memory>;
  /** The longest block of its event loop since the last call, in milliseconds. */
  longestBlock(): Promise<number>;
  /** Starts a CPU profile, if one was requested. */
  profile(): void;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 120_000;

export const modulePath = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

const INSTRUMENTS = ["memory.js", "event-loop.js"].flatMap((name) => ["--import", modulePath(name)]);

/** Starts a floor: a module of this folder that listens on a free port and reports it. */
export async function startFloor(
  name: string,
  module: string,
  args: readonly string[],
): Promise<ServerProcess> {
  const child = fork(modulePath(module), [...args], { execArgv: INSTRUMENTS });
  const [port] = (await Promise.race([once(child, "message"), exitOf(child, name)])) as [number];
  return serverOf(child, name, port);
}

export interface FiledeskOptions {
  /** The built `main.js`. */
  readonly main: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Receives the output of the server. */
  readonly logFile: string;
  /** The folder for a CPU profile. */
  readonly profile?: string | undefined;
}

/** Starts Filedesk like an operator, and waits until it is ready. */
export async function startFiledesk(options: FiledeskOptions): Promise<ServerProcess> {
  const { main, environment, logFile, profile } = options;
  const port = await freePort();
  const log = await open(logFile, "w");
  // The flags of `npm start` and the container image.
  const flags = [
    "--max-semi-space-size=32",
    ...INSTRUMENTS,
    ...(profile ? ["--import", modulePath("profiler.js")] : []),
  ];
  const child = spawn(process.execPath, [...flags, main, "serve"], {
    env: { ...process.env, ...environment, PORT: String(port), PROFILE_FOLDER: profile },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  await log.close();
  try {
    await Promise.race([untilReady(port), exitOf(child, "Filedesk")]);
  } catch (error) {
    await stop(child);
    throw new Error(`${(error as Error).message}\n${await readFile(logFile, "utf8")}`, { cause: error });
  }
  return { ...serverOf(child, "Filedesk", port), profile: () => void (profile && child.kill("SIGWINCH")) };
}

function serverOf(child: ChildProcess, name: string, port: number): ServerProcess {
  const ended = exitOf(child, name);
  ended.catch(() => {});
  const ask = async <Answer>(question: string): Promise<Answer> => {
    child.send(question);
    const [answer] = (await Promise.race([once(child, "message"), ended])) as [Answer];
    return answer;
  };
  return {
    name,
    pid: pidOf(child),
    port,
    memory: () => ask<Memory>(MEMORY_REQUEST),
    longestBlock: () => ask<number>(BLOCK_REQUEST),
    profile: () => {},
    stop: () => stop(child),
  };
}

async function untilReady(port: number): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error("Filedesk was not ready in time");
    await delay(100);
  }
}

/** Runs a load in a process of its own. */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const child = fork(modulePath("load.js"), [], { serialization: "advanced" });
  child.send(job);
  const [answer] = (await Promise.race([once(child, "message"), exitOf(child, "the load")])) as [
    { result: LoadResult } | { error: string },
  ];
  child.disconnect();
  if ("error" in answer) throw new Error(answer.error);
  return answer.result;
}

export async function exitOf(child: ChildProcess, name: string): Promise<never> {
  const [code, signal] = await once(child, "exit");
  throw new Error(`${name} has ended (${signal ?? code})`);
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the process did not start");
  return pid;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** The unit of processor time in Linux, independent of the kernel's timer. */
const TICK_MS = 10;

/** Processor time of a process with all of its threads, in milliseconds (proc_pid_stat(5)). */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name before these fields may contain spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The same for all live children of a process, such as the connections of a postmaster. */
export async function cpuOfChildren(parent: number): Promise<Map<number, number>> {
  const cpu = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => null);
    if (stat === null || Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) !== parent) continue;
    cpu.set(Number(entry), await cpuOf(Number(entry)).catch(() => 0));
  }
  return cpu;
}

/** The peak resident memory of a process, in MiB. */
export async function peakMemoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** A port of 127.0.0.1 that nothing listens on. */
export const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
