import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import type { Account } from "./account.js";

/** How child processes are started: under which account, and so that they end with this process. */
export interface ProcessBinding {
  /** Null for our own account. */
  readonly account: Account | null;
  /** Whether the child may enter folders that are closed to its account (only Linux with `setpriv`, as root). */
  readonly passBarriers: boolean;
  readonly setpriv: boolean;
}

/** Whether this machine has a `setpriv` (util-linux ≥ 2.33) that ends a child with its parent. */
export const hasSetpriv = (): Promise<boolean> => succeeds("setpriv", ["--pdeathsig=INT", "--", "true"]);

/** Whether a program runs under a binding and exits with 0. */
export async function runs(
  binding: ProcessBinding,
  program: string,
  args: readonly string[],
): Promise<boolean> {
  return binding.setpriv && succeeds("setpriv", [...privileges(binding), "--", program, ...args]);
}

const succeeds = (program: string, args: readonly string[]) =>
  new Promise<boolean>((resolve) =>
    execFile(program, args, { cwd: "/" }, (error) => resolve(error === null)),
  );

/**
 * Without `setpriv`, a shell reads from a pipe of this process. When this process ends, for any reason, the pipe is
 * closed, and the shell sends SIGINT to the program. The shell's exit status is the program's.
 */
const UNTIL_STDIN_ENDS = `
exec 3<&0
"$@" </dev/null 3<&- & child=$!
{ read -r line; kill -INT "$child"; } <&3 & watcher=$!
exec 3<&-
wait "$child"; status=$?
kill "$watcher" 2>/dev/null
exit "$status"`;

/**
 * Starts a program that gets SIGINT when this process ends, even by `kill -9`. Its stderr is a pipe.
 *
 * It has a session of its own, so that Ctrl-C at the terminal reaches only this process, which then stops it in order.
 */
export function spawnBound(
  binding: ProcessBinding,
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ChildProcess {
  const options = {
    cwd: "/",
    detached: true,
    // The child gets no variables of our environment: neither secrets nor stray PG* variables.
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC", ...variables },
  };
  if (binding.setpriv) {
    const command = [...privileges(binding), "--", program, ...args];
    return spawn("setpriv", command, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  }
  const command = ["-c", UNTIL_STDIN_ENDS, "sh", program, ...args];
  return spawn("sh", command, { ...options, ...binding.account, stdio: ["pipe", "ignore", "pipe"] });
}

function privileges({ account, passBarriers }: ProcessBinding): string[] {
  const words = ["--pdeathsig=INT"];
  if (account) words.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups");
  // The last option makes access(2), with which Postgres checks its own files, respect the capability as well.
  if (passBarriers)
    words.push("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup");
  return words;
}

/** Resolves with the exit code or signal when the process has ended and its output is complete. */
export const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(String(code ?? signal)));
  });
