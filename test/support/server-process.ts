import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/kernel/package-root.js";

import { noteLog, noteSecretSettings } from "./run-log.js";

/** Built at the beginning of every test run. */
const MAIN = join(packageRoot, "dist", "bundle", "main.js");
/** The line for people, and the log's line in production. */
const READY =
  /Filedesk is ready: (\S+)\/graphql|"url":"([^"]+)","msg":"the server is ready"|(?:worker is ready)/;
/** Only a start that hangs takes so long. */
const START_MS = 120_000;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it printed, stdout and stderr. */
  readonly output: string;
}

/** The built server in a process of its own, as an operator runs it. */
export interface ServerProcess extends BuiltProcess {
  readonly url: string;
}

/** The built program in a process of its own. */
export interface BuiltProcess {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  /** What it has printed so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** `kill -9`, and waits for its end. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<Ending>;
}

/**
 * Settings on top of what every test wants: a free port, and a log that is quiet where that hides nothing.
 * `OPEN_FILES` is none of the server's: so many descriptors it may have.
 */
export type Environment = Readonly<Record<string, string>>;

/** Loaded before the server: ends it together with the test run, should that be killed. */
const LEASH =
  "data:text/javascript,process.stdin.on('end',()=>process.kill(process.pid,'SIGKILL')).resume().unref()";

type Command = "serve" | "worker";

/** A shell that sets the limit of open files, hard and soft, before it becomes the server. */
const LIMITED = ["/bin/sh", "-c", 'ulimit -n "$0" && exec "$@"'] as const;

function launch(environment: Environment, command: Command = "serve") {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build`);
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const program = [process.execPath, "--max-semi-space-size=32", "--import", LEASH, MAIN, command];
  const { OPEN_FILES, ...settings } = environment;
  const [path = "", ...args] = OPEN_FILES === undefined ? program : [...LIMITED, OPEN_FILES, ...program];
  const child = spawn(path, args, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: tmpdir(), // no .env of a developer's
    env: {
      PATH,
      HOME,
      ...(TMPDIR && { TMPDIR }),
      PORT: "0",
      LOG_LEVEL: environment.NODE_ENV === "production" ? "info" : "warn",
      CREATIONS_PER_MINUTE: "100000",
      UPLOAD_FILES_PER_MINUTE: "100000",
      MESSAGES_PER_MINUTE: "100000",
      SUBSCRIPTIONS_PER_MINUTE: "100000",
      CHANGES_PER_MINUTE: "100000",
      ...settings,
    },
  });
  noteSecretSettings(environment);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      noteLog(text);
    });
  const ended = once(child, "close").then(([code, signal]): Ending => ({ code, signal, output }));
  return { child, ended, output: () => output };
}

/** @throws what it printed, when it ends instead of becoming ready */
export const startServerProcess = (environment: Environment): Promise<ServerProcess> =>
  start(environment, "serve");

/** A worker as an operator runs it. @throws what it printed, when it ends instead of becoming ready */
export const startWorkerProcess = (environment: Environment): Promise<BuiltProcess> =>
  start(environment, "worker");

async function start(environment: Environment, command: Command): Promise<ServerProcess> {
  const { child, ended, output } = launch(environment, command);
  const impatience = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => {
      const ready = READY.exec(output());
      if (ready) resolve(ready[1] ?? ready[2] ?? "");
    });
    ended.then(({ code, signal }) => reject(new Error(`ended with ${code ?? signal}: ${output()}`)), reject);
  }).finally(() => clearTimeout(impatience));
  return {
    url,
    pid: child.pid ?? 0,
    ended,
    output,
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** Runs a server that is expected to refuse its start; one that runs on is killed, and its code is null. */
export async function runToItsEnd(environment: Environment): Promise<Ending> {
  const { child, ended } = launch(environment);
  const impatience = setTimeout(() => child.kill("SIGKILL"), START_MS);
  return ended.finally(() => clearTimeout(impatience));
}
