import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const ORPHAN_LIMIT_MS = 60_000;
const POLL_MS = 20;
/** Postgres' `LOCK_FILE_LINE_SOCKET_DIR` and `LOCK_FILE_LINE_PM_STATUS`, counted from 0. */
const SOCKET_FOLDER_LINE = 4;
const READY_LINE = 7;

/** The process id in a cluster's lock file `postmaster.pid`, running or not; null without such a file. */
export async function readPostmasterPid(cluster: string): Promise<number | null> {
  const file = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  return Number.parseInt(file, 10) || null;
}

export interface ReadyPostmaster {
  readonly port: number;
  /** The folder of its Unix socket, if it has one. */
  readonly socketFolder: string | null;
}

/** Where the cluster's Postgres listens; null if it does not accept connections. */
export async function readReady(cluster: string): Promise<ReadyPostmaster | null> {
  const lines = (await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const [pid, , , port] = lines.map(Number);
  const isReady = lines[READY_LINE]?.trim() === "ready";
  if (!pid || !port || !isReady || !(await isPostmaster(pid, cluster))) return null;
  return { port, socketFolder: lines[SOCKET_FOLDER_LINE] || null };
}

/** Requests a fast (`SIGINT`) or immediate (`SIGQUIT`) shutdown of the cluster's Postgres. */
export async function signalPostmaster(cluster: string, signal: "SIGINT" | "SIGQUIT"): Promise<void> {
  const pid = await readPostmasterPid(cluster);
  if (pid === null) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * Stops a Postgres that a killed server has left on this cluster, and waits for its end.
 *
 * @returns the process id in a stale lock file, or null
 */
export async function stopOrphan(cluster: string, log: (line: string) => void): Promise<number | null> {
  const pid = await readPostmasterPid(cluster);
  if (pid === null || !(await isPostmaster(pid, cluster))) return pid;
  log(`stopping Postgres ${pid}, left by a server that was killed`);
  await signalPostmaster(cluster, "SIGINT");
  const deadline = performance.now() + ORPHAN_LIMIT_MS;
  while (await isPostmaster(pid, cluster)) {
    if (performance.now() > deadline)
      throw new Error(
        `Postgres (process ${pid}) still runs on ${cluster} and does not stop. End it, and start again.`,
      );
    await delay(POLL_MS);
  }
  return readPostmasterPid(cluster);
}

/**
 * Process ids are reused, so a process only counts as the cluster's Postgres if its command line contains the cluster.
 */
async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  try {
    if (process.platform === "linux")
      return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").includes(cluster);
    const { stdout } = await promisify(execFile)("ps", ["-o", "args=", "-p", String(pid)]);
    return stdout.includes(cluster);
  } catch {
    return false;
  }
}
