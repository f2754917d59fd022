import { execFile } from "node:child_process";
import { access, constants, statfs } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { sql } from "drizzle-orm";
import { MIB } from "../../kernel/bytes.js";
import type { Config } from "../../platform/config/config.js";
import type { Database, DatabaseClient } from "../../platform/database/client.js";
import { hasTable } from "../../platform/database/has-table.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import { listenTo } from "../../platform/database/listen.js";
import type { Migrations } from "../../platform/database/migrate.js";
import { migrationsOf } from "../../platform/database/migrate.js";
import type { JobCount } from "../../platform/jobs/job-count.repository.js";
import { listJobCounts } from "../../platform/jobs/job-count.repository.js";
import type { Storage } from "../../platform/storage/storage.js";
import { examineInstallation } from "../startup/examine-installation.js";
import type { InstallationDeps } from "../startup/installation-finding.js";
import { filesAreMoving } from "../startup/installation-texts.js";
import { describeStartError } from "../startup/start-faults.js";

export interface Check {
  readonly name: string;
  /** A note is not a problem, but worth knowing. */
  readonly state: "ok" | "note" | "problem";
  readonly detail: string;
}

const MIN_NODE_VERSION = [20, 19] as const;
const GIB = 1024 * MIB;
/** With less space, a single upload may fill the disk. */
const MIN_FREE_BYTES = GIB;
const PROBE_LIMIT_MS = 5_000;

const ok = (name: string, detail: string): Check => ({ name, state: "ok", detail });
const note = (name: string, detail: string): Check => ({ name, state: "note", detail });
const problem = (name: string, detail: string): Check => ({ name, state: "problem", detail });

/** Checks Node, the data folder, the disk and external programs. */
export async function checkMachine(config: Config, dataFolder: string): Promise<Check[]> {
  return [
    checkNode(process.versions.node),
    await checkFolder(dataFolder),
    await checkRoom(dataFolder),
    await checkPictures(),
    await checkVideo(config.FFMPEG_PATH),
    config.isProduction || !config.demoData
      ? ok("demo data", config.demoData ? "is created when the server starts" : "off")
      : note("demo data", "is created when the server starts (set DEMO_DATA=false, or NODE_ENV=production)"),
  ];
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough =
    major > MIN_NODE_VERSION[0] || (major === MIN_NODE_VERSION[0] && minor >= MIN_NODE_VERSION[1]);
  return isEnough
    ? ok("node", version)
    : problem("node", `${version}; ${MIN_NODE_VERSION.join(".")} or newer is needed`);
}

async function checkFolder(path: string): Promise<Check> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok("data folder", path);
  } catch {
    return problem("data folder", `${path} cannot be written to by this account`);
  }
}

async function checkRoom(path: string): Promise<Check> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free`;
  return free < MIN_FREE_BYTES ? problem("disk", `${detail}; make room`) : ok("disk", detail);
}

/** sharp loads its native library with the first image; this checks beforehand that it works on this machine. */
async function checkPictures(): Promise<Check> {
  try {
    const { default: sharp } = await import("sharp");
    return ok("pictures", `libvips ${sharp.versions.vips}`);
  } catch (error) {
    return problem("pictures", `sharp cannot be loaded: ${(error as Error).message.split("\n")[0]}`);
  }
}

async function checkVideo(ffmpeg = "ffmpeg"): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)(ffmpeg, ["-version"], { timeout: PROBE_LIMIT_MS });
    return ok("ffmpeg", /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? "found");
  } catch {
    return note("ffmpeg", "not found: videos have no poster (install ffmpeg, or set FFMPEG_PATH)");
  }
}

/** Checks the connection, the server's version and the schema. */
export async function checkDatabase(database: DatabaseClient): Promise<Check[]> {
  try {
    await database.db.execute(sql`select 1`);
    const migrations = await migrationsOf(database.sessionUrl);
    return [
      ok("database", `Postgres ${migrations.serverVersion}`),
      checkSchema(migrations),
      await checkListening(database),
    ];
  } catch (error) {
    return [problem("database", describeStartError(error as Error))];
  }
}

/**
 * Checks that a notification sent on the usual connections arrives on one that listens: not behind a pooler, nor in
 * another database.
 */
async function checkListening({ db, sessionUrl }: DatabaseClient): Promise<Check> {
  const channel = `filedesk_doctor_${process.pid}`;
  const timeout = new AbortController();
  let stop = async () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      delay(PROBE_LIMIT_MS, undefined, { signal: timeout.signal }).then(
        () => reject(new Error("notifications do not arrive")),
        () => {},
      );
      listenTo({
        url: sessionUrl,
        channel,
        onMessage: () => resolve(),
        onListening: () => void db.execute(sql`select pg_notify(${channel}, '')`).catch(reject),
      }).then((stopListening) => {
        stop = stopListening;
      }, reject);
    });
    return ok("notifications", "arrive");
  } catch (error) {
    const { message } = error as Error;
    return problem(
      "notifications",
      `${message}; set DATABASE_LISTEN_URL to the same database, past a pooler`,
    );
  } finally {
    timeout.abort();
    await stop();
  }
}

/** Checks that the schema is that of this version. */
function checkSchema({ applied, unknown, pending }: Omit<Migrations, "serverVersion">): Check {
  if (applied === 0) return note("schema", "no tables yet: the first start creates them");
  if (unknown > 0)
    return problem(
      "schema",
      `${unknown} of ${applied} migrations are those of a later version: run that version, or restore a backup from before it`,
    );
  return pending.length === 0
    ? ok("schema", `${applied} migrations, none is missing`)
    : problem("schema", `${pending.length} missing (${pending.join(", ")}): run filedesk migrate`);
}

/** Checks the job queue for waiting and dead jobs. */
export async function checkQueues(db: Database): Promise<Check> {
  if (!(await hasTable(db, "pgboss.queue")))
    return note("jobs", "there is no queue yet: the first start creates it");
  const counts = await listJobCounts(db);
  const sum = (count: (one: JobCount) => number) => counts.reduce((total, one) => total + count(one), 0);
  const dead = counts
    .filter((one) => one.dead > 0)
    .map(({ name, dead, lastFailure }) => `${name} (${dead}; the last: ${lastFailure ?? "killed"})`);
  const detail = `${sum((one) => one.queued)} waiting, ${sum((one) => one.active)} running, ${sum((one) => one.failed)} to be retried`;
  return dead.length === 0
    ? ok("jobs", detail)
    : problem("jobs", `${detail}; given up in the last 30 days: ${dead.join(", ")}`);
}

/** Checks whether the database and the files belong together; the installation is null if they do not, or not yet. */
export async function checkInstallation(
  deps: InstallationDeps,
): Promise<{ readonly check: Check; readonly installation: Installation | null }> {
  const { state, detail, database } = await examineInstallation(deps);
  if (state === "same") return { check: ok("installation", detail), installation: database };
  if (state === "restored") return { check: problem("installation", detail), installation: database };
  const says = state === "unfit" ? problem : note;
  return { check: says("installation", detail), installation: null };
}

/** Says where files are being moved, if they are. */
export const checkMoving = ({ place, from }: InstallationDeps): Check[] =>
  from === undefined ? [] : [note("moving", filesAreMoving(from.place, place))];

/** Writes, reads and removes a small object. */
export async function checkStorage(storage: Pick<Storage, "check">): Promise<Check> {
  try {
    await storage.check();
    return ok("storage", "can be written to and read from");
  } catch (error) {
    return problem("storage", describeStartError(error as Error));
  }
}

/** Checks the event bus with a message to itself. */
export async function checkEventBus(redisUrl: string): Promise<Check> {
  const { checkRedis } = await import("../../platform/events/bus/redis-bus.js");
  try {
    await checkRedis(redisUrl);
    return ok("redis", "delivers notifications");
  } catch (error) {
    // For a host with several addresses, the message of the error is empty.
    const { message, code } = error as NodeJS.ErrnoException;
    return problem("redis", `${message || code}; events come up to a second later. Check REDIS_URL`);
  }
}
