import { readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";

/**
 * The start time of a running process on Linux (proc(5)): boot id, and field 22 of its `stat`, in kernel ticks. Process
 * ids are reused (in a container immediately); together with the start time they are unique.
 *
 * @returns null if it does not run, or if the system does not provide it
 */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== "linux") return null;
  try {
    return startIn(bootId(), await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** The start time of this process, synchronously. */
export function ownStart(): string | null {
  if (process.platform !== "linux") return null;
  try {
    return startIn(bootId(), readFileSync("/proc/self/stat", "utf8"));
  } catch {
    return null;
  }
}

/**
 * Identifies the process namespace of this process, such as its container; null if the system does not provide it.
 * Processes of another namespace are not visible from here, and process ids of two namespaces are often equal.
 */
export function ownProcessSpace(): string | null {
  try {
    return `${bootId()}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

/** Whether a process with this id runs and, if a start time is given, started at that time. */
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
  // The second field is the program's name in parentheses and may contain any characters: count fields after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const isGone = state === "Z" || state === "X";
  return isGone ? null : `${boot}/${fields[19]}`;
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
