import type { ChildProcess } from "node:child_process";
import { chown, mkdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { USE_ANOTHER_POSTGRES } from "./binaries.js";
import type { ProcessBinding } from "./bound-process.js";
import { ended, spawnBound } from "./bound-process.js";
import type { Cluster } from "./cluster.js";
import { signalPostmaster, stopOrphan } from "./postmaster.js";

const DEFAULT_SETTINGS = {
  max_connections: "100",
  shared_buffers: "128MB",
  log_checkpoints: "off",
  log_line_prefix: "",
};
/** How long a start is retried while a killed Postgres still has processes or shared memory. */
const REMAINS_LIMIT_MS = 10_000;
const RETRY_MS = 100;
/** Of `sun_path` on macOS, with its end; Linux allows four more. */
const MAX_SOCKET_PATH_BYTES = 103;
/** After this time an immediate shutdown is requested; the next start then recovers from the write-ahead log. */
const STOP_LIMIT_MS = 30_000;

const READY = /ready to accept connections/;
const REMAINS = /lock file .* already exists|pre-existing shared memory block/;
/** Some file systems, such as shared folders of virtual machines, hold no sockets. */
const NO_SOCKETS = /could not (create any Unix-domain sockets|bind Unix address)/;
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets/;

export interface ServerOptions {
  /** Called with each line that Postgres logs. */
  readonly log: (line: string) => void;
  /** TCP port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Postgres settings over the defaults, e.g. `{ fsync: "off" }` for a cluster that may be lost. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly binding: ProcessBinding;
  readonly cluster: Cluster;
  readonly postgres: string;
}

export interface RunningServer {
  readonly child: ChildProcess;
  readonly exit: Promise<string>;
  readonly port: number;
  /** The folder of its Unix socket; null where there is none. */
  readonly socketFolder: string | null;
}

interface FailedStart {
  readonly result: string;
  readonly output: string;
}

/**
 * Starts Postgres on a cluster. If a killed one has left processes or memory, it waits for their end.
 *
 * @throws Error with the output of Postgres if it does not start
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const deadline = performance.now() + REMAINS_LIMIT_MS;
  let hasSockets = true;
  for (;;) {
    const stalePid = await stopOrphan(options.cluster.folder, options.log);
    const socketFolder = hasSockets ? await prepareSocketFolder(options) : null;
    const port = options.port ?? (await freePort());
    const attempt = await attemptStart(options, { port, socketFolder, stalePid });
    if ("child" in attempt) return attempt;
    if (socketFolder !== null && NO_SOCKETS.test(attempt.output)) {
      hasSockets = false;
      continue;
    }
    const isTemporary =
      REMAINS.test(attempt.output) || (PORT_TAKEN.test(attempt.output) && options.port === undefined);
    if (!isTemporary || performance.now() > deadline)
      throw new Error(
        `The embedded Postgres did not start (${attempt.result}). ${attempt.output} ${USE_ANOTHER_POSTGRES}`,
      );
    await delay(RETRY_MS);
  }
}

interface StartAttempt extends Pick<RunningServer, "port" | "socketFolder"> {
  readonly stalePid: number | null;
}

/** Resolves when Postgres accepts connections or has ended before. Recovery after a crash may take long. */
async function attemptStart(
  options: ServerOptions,
  { port, socketFolder, stalePid }: StartAttempt,
): Promise<RunningServer | FailedStart> {
  const settings = {
    ...DEFAULT_SETTINGS,
    ...options.settings,
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: socketFolder ?? "",
  };
  const args = ["-D", options.cluster.folder];
  for (const [name, value] of Object.entries(settings)) args.push("-c", `${name}=${value}`);
  // The stale process id may now belong to another program, which Postgres would take for a running server. This
  // variable declares it to be an ancestor of the new process, as pg_ctl does for the shell.
  const variables = stalePid === null ? {} : { PG_GRANDPARENT_PID: String(stalePid) };
  const child = spawnBound(options.binding, options.postgres, args, variables);
  const exit = ended(child);
  const output: string[] = [];
  const ready = new Promise<void>((resolve) => {
    const collect = (line: string) => output.push(line);
    const lines = child.stderr && createInterface(child.stderr).on("line", options.log).on("line", collect);
    lines?.on("line", (line) => {
      if (!READY.test(line)) return;
      lines.off("line", collect);
      resolve();
    });
  });
  const result = await Promise.race([ready, exit]);
  return result === undefined ? { child, exit, port, socketFolder } : { result, output: output.join("\n") };
}

/**
 * An empty folder for the Unix socket, private to the account of Postgres: what a killed one has left in it is removed.
 *
 * @returns null if the path is too long for a socket
 */
async function prepareSocketFolder({ cluster, binding }: ServerOptions): Promise<string | null> {
  const folder = join(dirname(cluster.folder), "socket");
  const longest = Buffer.byteLength(join(folder, ".s.PGSQL.65535"));
  if (longest > MAX_SOCKET_PATH_BYTES) return null;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  if (binding.account) await chown(folder, binding.account.uid, binding.account.gid);
  return folder;
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** Fast shutdown: open transactions are rolled back. Resolves when Postgres has ended. */
export async function stopServer({ child, exit }: RunningServer, cluster: Cluster): Promise<void> {
  if (hasEnded(child)) return;
  await signalPostmaster(cluster.folder, "SIGINT");
  const timeout = setTimeout(() => {
    signalPostmaster(cluster.folder, "SIGQUIT").catch(() => {});
  }, STOP_LIMIT_MS);
  await exit;
  clearTimeout(timeout);
}

/**
 * A port that was free a moment ago. If another process takes it first, the start fails and is retried with another
 * port.
 */
const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
