import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { noteLog, noteSecretSettings } from "./run-log.js";
import type { Environment } from "./server-process.js";

/** Built at the beginning of every test run. */
const MAIN = fileURLToPath(new URL("../../dist/bundle/main.js", import.meta.url));

export interface CommandEnding {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it printed with `--json`. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

export interface CommandProcess {
  readonly ended: Promise<CommandEnding>;
  /** Resolves when it has printed so many lines, or has ended. */
  printed(lines: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** The built command line in a process of its own, as an operator runs it. @param input what stands on standard input */
export function startCommand(
  args: readonly string[],
  environment: Environment,
  input?: string,
): CommandProcess {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build`);
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: tmpdir(), // no .env of a developer's
    env: { PATH, HOME, ...environment },
  });
  child.stdin.on("error", () => {}).end(input);
  noteSecretSettings(environment);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    // Its results are on the standard output, tokens that were asked for among them.
    noteLog(text);
  });
  const ended = once(child, "close").then(([code]): CommandEnding => {
    const lines = stdout.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
    return { code, stdout, stderr, events: lines.map((line) => JSON.parse(line)) };
  });
  return {
    ended,
    async printed(lines) {
      let over = false;
      ended.then(() => {
        over = true;
      });
      while (!over && stdout.split("\n").length <= lines)
        await Promise.race([once(child.stdout, "data"), ended]);
    },
    signal: (signal) => void child.kill(signal),
  };
}

export const runCommand = (
  args: readonly string[],
  environment: Environment,
  input?: string,
): Promise<CommandEnding> => startCommand(args, environment, input).ended;
