import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readlink, rm } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { packageRoot } from "../../../src/kernel/package-root.js";
import { tempFolderOf } from "../../support/desk-storage.js";
import { brokenPromises, filesUnder, strayFiles } from "../../support/inventory.js";
import type { ServerProcess } from "../../support/server-process.js";
import { startServerProcess } from "../../support/server-process.js";

/** When the event loop of the server was blocked, in milliseconds since 1970, and for how long. */
export interface Block {
  readonly ms: number;
  readonly from: number;
  readonly to: number;
}

/** Bytes after a garbage collection. */
export interface Memory {
  readonly resident: number;
  /** What JavaScript holds: its heap, and buffers outside of it. */
  readonly used: number;
}

/** The built server in a process of its own, and all that can be seen of it from outside. */
export interface FuzzServer {
  readonly port: number;
  readonly secret: string;
  readonly sql: postgres.Sql;
  /** Why it has ended; null while it runs. */
  ending(): string | null;
  /** As `ending`, but of a server that no longer answers it waits until it has ended. */
  settledEnding(): Promise<string | null>;
  /** Blocks of its event loop since the last call; none of a server that has ended. */
  blocks(): Promise<readonly Block[]>;
  memory(): Promise<Memory>;
  /** Its log lines of level error and above since the last call. */
  newFaults(): readonly LoggedFault[];
  /** Waits until nothing is in progress. @returns what does not end, or is left behind; empty if all is well */
  becomeQuiet(most?: Descriptors): Promise<string[]>;
  descriptors(): Promise<Descriptors>;
  /** Starts it again after it has ended. */
  restart(): Promise<void>;
  readonly restarts: number;
  stop(): Promise<void>;
}

/** Numbers of open descriptors by what they are. */
export type Descriptors = Readonly<Record<string, number>>;

export interface LoggedFault {
  readonly time: number;
  readonly text: string;
}

const PROBE = pathToFileURL(join(packageRoot, "test", "fuzz", "server-probe.js")).href;
const OURSELVES = "filedesk-fuzz";
/** Only what hangs takes so long. */
const QUIET_MS = 60_000;
/** From the end of its sockets to that of a process. */
const ENDING_MS = 10_000;

/** Without these settings, the fuzzer would be told to come back later; all checks are in force. */
const NO_RATES = {
  UPLOADS_PER_MINUTE: "1000000",
  UPLOAD_FILES_PER_MINUTE: "1000000",
  UPLOADS_AT_ONCE: "1000",
  CREATIONS_PER_MINUTE: "1000000",
  MESSAGES_PER_MINUTE: "1000000",
  SUBSCRIPTIONS_PER_MINUTE: "1000000",
  CHANGES_PER_MINUTE: "1000000",
  DOWNLOADS_PER_MINUTE: "1000000",
  SIGN_INS_PER_MINUTE: "100000",
  STAGED_UPLOADS: "1000000",
  CONNECTIONS_PER_VIEWER: "1000",
  TICKET_FILES: "1000000",
  TICKET_MEGABYTES: "1000000",
  TICKET_POST_FILES: "1000000",
  TICKET_POST_MEGABYTES: "1000000",
};

export interface FuzzServerOptions {
  readonly databaseUrl: string;
  /** The same for a driver that does not know sockets; by default the same. */
  readonly driverUrl?: string;
  /** An empty folder for all that the server writes. */
  readonly folder: string;
  /** Modules that are loaded before the server, besides the probe. */
  readonly preloaded?: readonly string[];
  /** For how long work in progress is waited for. */
  readonly quietMs?: number;
}

export async function startFuzzServer({
  databaseUrl,
  driverUrl = databaseUrl,
  folder,
  preloaded = [],
  quietMs = QUIET_MS,
}: FuzzServerOptions): Promise<FuzzServer> {
  const secret = randomBytes(32).toString("hex");
  const data = join(folder, "data");
  const socketPath = join(folder, "probe.sock");
  const sql = postgres(driverUrl, {
    max: 2,
    onnotice: () => {},
    connection: { application_name: OURSELVES },
  });
  const start = () =>
    startServerProcess({
      NODE_ENV: "production",
      HOST: "127.0.0.1",
      DATABASE_URL: databaseUrl,
      FILEDESK_DATA: data,
      AUTH_SECRET: secret,
      URL_SIGNING_KEYS: `k1:${"0123456789abcdef".repeat(4)}`,
      ...NO_RATES,
      NODE_OPTIONS: [PROBE, ...preloaded].map((module) => `--import ${module}`).join(" "),
      FUZZ_PROBE: socketPath,
    });
  let server = await start();
  let [ending, read]: [string | null, number] = [null, 0];
  let restarts = 0;
  const watch = () => {
    const watched = server;
    void watched.ended.then(({ code, signal, output }) => {
      if (watched === server) ending = `ended with ${code ?? signal}: ${output.slice(-3_000)}`;
    });
  };
  watch();
  /** @returns null if it has ended, or ends instead of answering */
  const askRunning = async <Answer>(path: string): Promise<Answer | null> => {
    try {
      if (ending !== null) return null;
      // One that stops after a failure answers the probe for a while.
      await accepts(Number(new URL(server.url).port));
      return await ask<Answer>(socketPath, path);
    } catch (error) {
      await Promise.race([server.ended, delay(ENDING_MS, undefined, { ref: false })]);
      if (ending === null) throw error;
      return null;
    }
  };
  return {
    get port() {
      return Number(new URL(server.url).port);
    },
    secret,
    sql,
    ending: () => ending,
    async settledEnding() {
      await askRunning("/alive");
      return ending;
    },
    blocks: async () => (await askRunning("/blocks")) ?? [],
    memory: () => ask(socketPath, "/memory"),
    newFaults() {
      const output = server.output();
      const lines = output.slice(read, output.lastIndexOf("\n") + 1);
      read += lines.length;
      return faultsIn(lines);
    },
    descriptors: () => descriptorsOf({ server, sql }),
    becomeQuiet: (most) => becomeQuiet({ server, sql, data, quietMs }, most),
    get restarts() {
      return restarts;
    },
    async restart() {
      [ending, read] = [null, 0];
      restarts++;
      // Whoever crashes leaves it, and nobody can listen on it then.
      await rm(socketPath, { force: true });
      server = await start();
      watch();
    },
    async stop() {
      await server.kill();
      await sql.end();
    },
  };
}

/** @throws if nobody listens there */
async function accepts(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

async function ask<Answer>(socketPath: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) =>
      text(response).then((json) => resolve(JSON.parse(json)), reject),
    );
    asked.on("error", reject).end();
  });
}

const FAULT = /"level":(?:50|60)/;

function faultsIn(lines: string): LoggedFault[] {
  return lines
    .split("\n")
    .filter((line) => FAULT.test(line))
    .map((line) => ({
      time: Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ""),
      text: line.slice(0, 2_000),
    }));
}

/** Without those of the database's pool, which grows and shrinks as it likes. */
async function descriptorsOf({ server, sql }: Pick<Watched, "server" | "sql">): Promise<Descriptors> {
  const folder = `/proc/${server.pid}/fd`;
  const [backends] = await sql<{ count: number }[]>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and application_name <> ${OURSELVES}`;
  const counts: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    const target = await readlink(join(folder, name)).catch(() => null);
    if (target === null) continue;
    const kind = target.startsWith("/") ? "file" : (/^[a-z_]+/.exec(target)?.[0] ?? target);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return { ...counts, socket: (counts.socket ?? 0) - (backends?.count ?? 0) };
}

interface Watched {
  readonly server: ServerProcess;
  readonly sql: postgres.Sql;
  readonly data: string;
  readonly quietMs: number;
}

async function becomeQuiet(watched: Watched, most: Descriptors | undefined): Promise<string[]> {
  const deadline = Date.now() + watched.quietMs;
  for (;;) {
    const busy = await stillBusy(watched, most);
    if (busy.length === 0) return leftBehind(watched);
    if (Date.now() > deadline) return [...busy, ...(await leftBehind(watched))];
    await delay(200);
  }
}

/** What ends by itself when all requests have been answered. */
async function stillBusy({ server, sql, data }: Watched, most: Descriptors | undefined): Promise<string[]> {
  const temps = await filesUnder(tempFolderOf(data));
  const jobs = await sql<{ name: string; count: number }[]>`
    select name, count(*)::int as count from pgboss.job
    where state in ('created', 'active') and start_after <= now() and name not like 'dead%' group by name`;
  const open = await descriptorsOf({ server, sql });
  return [
    ...temps.map((path) => `temp file ${path}`),
    ...jobs.map(({ name, count }) => `${count} jobs ${name}`),
    ...Object.entries(open)
      .filter(([kind, count]) => most && count > (most[kind] ?? 0))
      .map(([kind, count]) => `${count} descriptors of the kind ${kind}, ${most?.[kind] ?? 0} before`),
  ];
}

/** Rows without bytes, wrong counters, and bytes that no row knows. */
async function leftBehind({ sql, data }: Watched): Promise<string[]> {
  const staged = await sql<{ id: string; key: string | null }[]>`
    select id, storage_key as key from staged_uploads`;
  const awaited = new Set(staged.flatMap(({ id, key }) => [`.staged/${id}`, key]));
  const stray = await strayFiles(sql, data);
  const broken = await brokenPromises(sql, data, { quickly: true });
  return [
    // A file of the library needs no use: nobody has used it yet.
    ...broken.filter((text) => !text.endsWith("lives and has no usage")),
    ...stray.filter((path) => !awaited.has(path)).map((path) => `stray file ${path}`),
  ];
}
