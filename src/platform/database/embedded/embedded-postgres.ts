import { realpath } from "node:fs/promises";
import postgres from "postgres";
import { barrierError, findBarrier, prepareFolder } from "./account.js";
import type { PostgresBinaries } from "./binaries.js";
import { locateBinaries } from "./binaries.js";
import type { ProcessBinding } from "./bound-process.js";
import { hasSetpriv, runs } from "./bound-process.js";
import type { Cluster } from "./cluster.js";
import { openCluster, readCluster, SUPERUSER } from "./cluster.js";
import type { ServerOptions } from "./postgres-server.js";
import { hasEnded, startServer, stopServer } from "./postgres-server.js";
import { readReadyPort } from "./postmaster.js";

export interface EmbeddedPostgresOptions extends Pick<ServerOptions, "log" | "port" | "settings"> {
  /** Where the cluster and its password live; made when missing. The caller holds the lock on the data folder. */
  readonly folder: string;
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
  const server = await startServer({ ...options, binding, cluster, postgres: binaries.postgres });
  const { child, port } = server;
  let isStopping = false;
  const stop = once(() => {
    isStopping = true;
    return stopServer(server, cluster);
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

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}
