import type { ChildProcess } from "node:child_process";
import { realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { barrierError, findBarrier, prepareFolder } from "./account.js";
import type { PostgresBinaries } from "./binaries.js";
import { locateBinaries, USE_ANOTHER_POSTGRES } from "./binaries.js";
import type { ProcessBinding } from "./bound-process.js";
import { ended, hasSetpriv, runs, spawnBound } from "./bound-process.js";
import type { Cluster } from "./cluster.js";
import { openCluster, readCluster, SUPERUSER } from "./cluster.js";
import { readReadyPort, signalPostmaster, stopOrphan } from "./postmaster.js";

export interface EmbeddedPostgresOptions {
  /** Where the cluster and its password live; made when missing. The caller holds the lock on the data folder. */
  readonly folder: string;
  /** Gets each line that Postgres logs. */
  readonly log: (line: string) => void;
  /** TCP port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Postgres settings over the defaults, e.g. `{ fsync: "off" }` for a cluster that may be lost. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Database `filedesk`, as a role that owns it and may create databases, but is no superuser. */
  readonly url: string;
  /** Resolves when Postgres ends without having been stopped here, with its exit code or signal. */
  readonly died: Promise<string>;
  /** Fast shutdown: open transactions are rolled back. Resolves when Postgres has ended. */
  stop(): Promise<void>;
}

const NAME = "filedesk";
const DEFAULT_SETTINGS = {
  max_connections: "100",
  shared_buffers: "128MB",
  log_checkpoints: "off",
  log_line_prefix: "",
};
/** How long a start is tried again while the remains of a killed Postgres go away. */
const REMAINS_LIMIT_MS = 10_000;
const RETRY_MS = 100;
/** After this a shutdown is an immediate one; the next start then recovers from the write-ahead log. */
const STOP_LIMIT_MS = 30_000;

const READY = /ready to accept connections/;
const REMAINS = /lock file .* already exists|pre-existing shared memory block/;
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets/;

/**
 * Starts the Postgres that ships in npm, on 127.0.0.1 with a random password, and makes its cluster on first
 * use. It ends with this process, however this process ends, and nothing that was committed is lost.
 *
 * @throws Error that says what to do: no binaries for this machine, a folder of somebody else, Postgres' own words
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await locateBinaries();
  const account = await prepareFolder(options.folder);
  const folder = await realpath(options.folder);
  const binding = await bind({ account, passBarriers: false, setpriv: await hasSetpriv() }, binaries, folder);
  const cluster = await openCluster(folder, binding, binaries.initdb);
  const { child, exit, port } = await startServer({
    ...options,
    binding,
    cluster,
    postgres: binaries.postgres,
  });
  let isStopping = false;
  const stop = once(() => {
    isStopping = true;
    return stopServer(child, exit, cluster);
  });
  const died = new Promise<string>((resolve) => {
    // `close` would wait for backends too, which hold its output open for as long as a statement runs.
    const tell = () => !isStopping && resolve(String(child.exitCode ?? child.signalCode));
    child.once("exit", tell);
    if (hasEnded(child)) tell();
  });
  try {
    await ensureDatabase(cluster, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: urlOf(cluster, port), died, stop };
}

/**
 * Where the Postgres in this folder takes connections that another process has started.
 *
 * @returns null when none runs, or when it is about to start or to stop
 */
export async function findEmbeddedPostgres(folder: string): Promise<string | null> {
  const cluster = await readCluster(await realpath(folder).catch(() => folder));
  const port = cluster && (await readReadyPort(cluster.folder));
  if (!cluster || !port) return null;
  const url = urlOf(cluster, port);
  return (await isReady(url)) ? url : null;
}

/** At its first start Postgres takes connections before role and database are there. */
async function isReady(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  return sql`select 1`
    .then(
      () => true,
      () => false,
    )
    .finally(() => sql.end());
}

const urlOf = ({ password }: Cluster, port: number): string =>
  `postgres://${NAME}:${password}@127.0.0.1:${port}/${NAME}`;

/** Root's home and the like are closed to the account that Postgres runs as: pass them by capability, or say so. */
async function bind(
  binding: ProcessBinding,
  binaries: PostgresBinaries,
  folder: string,
): Promise<ProcessBinding> {
  const { account } = binding;
  const barrier = account && (await findBarrier(account, [folder, binaries.postgres]));
  if (!account || !barrier) return binding;
  const passing = { ...binding, passBarriers: true };
  if (await runs(passing, binaries.postgres, ["--version"])) return passing;
  throw barrierError(account, barrier);
}

interface ServerOptions extends EmbeddedPostgresOptions {
  readonly binding: ProcessBinding;
  readonly cluster: Cluster;
  readonly postgres: string;
}

interface RunningServer {
  readonly child: ChildProcess;
  readonly exit: Promise<string>;
  readonly port: number;
}

interface FailedStart {
  readonly result: string;
  readonly output: string;
}

async function startServer(options: ServerOptions): Promise<RunningServer> {
  const deadline = performance.now() + REMAINS_LIMIT_MS;
  for (;;) {
    const stalePid = await stopOrphan(options.cluster.folder, options.log);
    const port = options.port ?? (await freePort());
    const attempt = await attemptStart(options, port, stalePid);
    if ("child" in attempt) return attempt;
    const passing =
      REMAINS.test(attempt.output) || (PORT_TAKEN.test(attempt.output) && options.port === undefined);
    if (!passing || performance.now() > deadline)
      throw new Error(
        `The embedded Postgres did not start (${attempt.result}). ${attempt.output} ${USE_ANOTHER_POSTGRES}`,
      );
    await delay(RETRY_MS);
  }
}

/** Resolves when Postgres takes connections, or has ended before it did. Recovery after a crash may take its time. */
async function attemptStart(
  options: ServerOptions,
  port: number,
  stalePid: number | null,
): Promise<RunningServer | FailedStart> {
  const settings = {
    ...DEFAULT_SETTINGS,
    ...options.settings,
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
  };
  const args = ["-D", options.cluster.folder];
  for (const [name, value] of Object.entries(settings)) args.push("-c", `${name}=${value}`);
  // The stale process id may by now belong to another program, which Postgres would take for a running server,
  // were it not told that this is one of its own ancestors (as pg_ctl tells it of the shell).
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
  return result === undefined ? { child, exit, port } : { result, output: output.join("\n") };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

async function stopServer(child: ChildProcess, exit: Promise<string>, cluster: Cluster): Promise<void> {
  if (hasEnded(child)) return;
  await signalPostmaster(cluster.folder, "SIGINT");
  const impatience = setTimeout(() => {
    signalPostmaster(cluster.folder, "SIGQUIT").catch(() => {});
  }, STOP_LIMIT_MS);
  await exit;
  clearTimeout(impatience);
}

/** Makes the role and its database, unless they are there. */
async function ensureDatabase({ password }: Cluster, port: number): Promise<void> {
  const sql = postgres({
    host: "127.0.0.1",
    port,
    user: SUPERUSER,
    password,
    database: "postgres",
    max: 1,
    fetch_types: false,
  });
  try {
    const [found] = await sql`
      select exists (select from pg_roles where rolname = ${NAME}) as role,
             exists (select from pg_database where datname = ${NAME}) as database`;
    if (!found?.role) await sql.unsafe(`create role ${NAME} login createdb password '${password}'`);
    if (!found?.database) await sql.unsafe(`create database ${NAME} owner ${NAME}`);
  } finally {
    await sql.end();
  }
}

/** A port that was free a moment ago. Who is faster than we are is noticed, and another one tried. */
const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}
