import { readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";

/**
 * When a running process started, as proc(5) tells it on Linux: boot id, and field 22 of its `stat`, in the kernel's
 * ticks. Process ids are used again (in a container at once); together with its start one is unique.
 *
 * @returns null when it does not run, or where the system does not tell
 */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== "linux") return null;
  try {
    return startIn(bootId(), await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** The same of the process that asks, without waiting. */
export function ownStart(): string | null {
  if (process.platform !== "linux") return null;
  try {
    return startIn(bootId(), readFileSync("/proc/self/stat", "utf8"));
  } catch {
    return null;
  }
}

/**
 * Names the set of processes that this one sees, as each container has its own; null where the system does not tell.
 * A process of another set may live though nothing of it can be seen, and process ids of two sets are often equal.
 */
export function ownProcessSpace(): string | null {
  try {
    return `${bootId()}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

/** Whether a process runs that has this id; where the system tells, also that it started then. */
export async function isRunning(pid: number, started: string | null): Promise<boolean> {
  if (started !== null) return (await startOf(pid)) === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function startIn(boot: string, stat: string): string | null {
  // The second field is the program's name in parentheses and may hold anything: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const isGone = state === "Z" || state === "X";
  return isGone ? null : `${boot}/${fields[19]}`;
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
