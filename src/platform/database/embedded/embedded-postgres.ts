import { realpath } from "node:fs/promises";
import postgres from "postgres";
import { connectDriver } from "../connect-driver.js";
import { throughSocket } from "../database-url.js";
import { barrierError, findBarrier, prepareFolder } from "./account.js";
import type { PostgresBinaries } from "./binaries.js";
import { locateBinaries } from "./binaries.js";
import type { ProcessBinding } from "./bound-process.js";
import { hasSetpriv, runs } from "./bound-process.js";
import type { Cluster } from "./cluster.js";
import { openCluster, readCluster, SUPERUSER } from "./cluster.js";
import type { ServerOptions } from "./postgres-server.js";
import { hasEnded, startServer, stopServer } from "./postgres-server.js";
import { readReady } from "./postmaster.js";

export interface EmbeddedPostgresOptions extends Pick<ServerOptions, "log" | "port" | "settings"> {
  /** The folder of the cluster and its password; created if missing. The caller holds the lock on the data folder. */
  readonly folder: string;
}

export interface EmbeddedPostgres {
  /** URL of the database `filedesk`, with a role that owns it and may create databases, but is not a superuser. */
  readonly url: string;
  /** The same through a Unix socket, which takes about half the time; the URL itself where there is none. */
  readonly socketUrl: string;
  /** Resolves with the exit code or signal when Postgres ends without `stop`. */
  readonly died: Promise<string>;
  /** Fast shutdown: open transactions are rolled back. Resolves when Postgres has ended. */
  stop(): Promise<void>;
}

const NAME = "filedesk";

/**
 * Starts the Postgres from npm on 127.0.0.1 with a random password, and creates its cluster on first use. Postgres ends
 * with this process, however that ends, and no committed data is lost.
 *
 * @throws Error with instructions: no binaries for this machine, a folder of another account, or a message of Postgres
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await locateBinaries();
  const account = await prepareFolder(options.folder);
  const folder = await realpath(options.folder);
  const binding = await bind({ account, passBarriers: false, setpriv: await hasSetpriv() }, binaries, folder);
  const cluster = await openCluster(folder, binding, binaries.initdb);
  const server = await startServer({ ...options, binding, cluster, postgres: binaries.postgres });
  const { child, port, socketFolder } = server;
  let isStopping = false;
  const stop = once(() => {
    isStopping = true;
    return stopServer(server, cluster);
  });
  const died = new Promise<string>((resolve) => {
    // `close` would also wait for backends, which keep the output open as long as a statement runs.
    const report = () => !isStopping && resolve(String(child.exitCode ?? child.signalCode));
    child.once("exit", report);
    if (hasEnded(child)) report();
  });
  try {
    await ensureDatabase(cluster, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = urlOf(cluster, port);
  return { url, socketUrl: socketFolder ? throughSocket(url, socketFolder) : url, died, stop };
}

/**
 * The URL of the Postgres that another process runs in this folder.
 *
 * @returns null if none runs, or if it is starting or stopping
 */
export async function findEmbeddedPostgres(folder: string): Promise<string | null> {
  const cluster = await readCluster(await realpath(folder).catch(() => folder));
  const ready = cluster && (await readReady(cluster.folder));
  if (!cluster || !ready) return null;
  const { port, socketFolder } = ready;
  const url = socketFolder ? throughSocket(urlOf(cluster, port), socketFolder) : urlOf(cluster, port);
  return (await isReady(url)) ? url : null;
}

/** At its first start, Postgres accepts connections before the role and the database exist. */
async function isReady(url: string): Promise<boolean> {
  const sql = connectDriver(url, { max: 1, fetch_types: false });
  return sql`select 1`
    .then(
      () => true,
      () => false,
    )
    .finally(() => sql.end());
}

const urlOf = ({ password }: Cluster, port: number): string =>
  `postgres://${NAME}:${password}@127.0.0.1:${port}/${NAME}`;

/**
 * If folders such as root's home are closed to the account of Postgres, gives the process a capability to pass them, or
 * fails with instructions.
 */
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

/** Creates the role and its database if they do not exist. */
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

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}
