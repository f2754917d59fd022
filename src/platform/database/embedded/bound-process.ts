import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import type { Account } from "./account.js";

/** How child processes are started: under which account, and with a life that ends with ours. */
export interface ProcessBinding {
  /** Null: our own account. */
  readonly account: Account | null;
  /** Whether the child may pass folders that are closed to its account (Linux, `setpriv`, and root only). */
  readonly passBarriers: boolean;
  readonly setpriv: boolean;
}

/** Whether this machine has a `setpriv` (util-linux ≥ 2.33) that ties a child's life to its parent's. */
export const hasSetpriv = (): Promise<boolean> => succeeds("setpriv", ["--pdeathsig=INT", "--", "true"]);

/** Whether a program runs at all, and ends with 0, under a binding. */
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
 * Without `setpriv`: a shell holds the read end of a pipe from us. When we end, however we end, the pipe
 * does too, and the program gets its SIGINT. The shell's exit status is the program's.
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
 * Starts a program that gets SIGINT when this process ends, be it by `kill -9`. Its stderr is a pipe.
 *
 * It has a session of its own, so that Ctrl-C at the terminal reaches us alone and we stop it in our order.
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
    // Nothing of our environment is its business: neither secrets nor stray PG* variables.
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
  // The last one lets access(2), with which Postgres looks for its own files, see the capability too.
  if (passBarriers)
    words.push("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup");
  return words;
}

/** Resolves when the process has ended and its output is complete, with its exit code or signal. */
export const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(String(code ?? signal)));
  });
