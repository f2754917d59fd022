import { spawn } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { connectDriver } from "../../../../src/platform/database/connect-driver.js";
import { linkLibraries, locateBinaries } from "../../../../src/platform/database/embedded/binaries.js";
import type {
  EmbeddedPostgres,
  EmbeddedPostgresOptions,
} from "../../../../src/platform/database/embedded/embedded-postgres.js";
import { startEmbeddedPostgres } from "../../../../src/platform/database/embedded/embedded-postgres.js";
import type { StartedScript } from "../../../support/start-script.js";
import { startScript } from "../../../support/start-script.js";

const module = new URL("../../../../dist/platform/database/embedded/embedded-postgres.js", import.meta.url)
  .href;

/** Starts the cluster, prints its URL (or what is wrong), and keeps it until stdin ends. */
const HOLD_CLUSTER = `
const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
try {
  const cluster = await startEmbeddedPostgres({ folder: process.argv[1], log: () => {} });
  console.log(cluster.url);
  process.stdin.on("end", () => cluster.stop()).resume();
} catch (error) {
  console.log(error.message);
}`;

const isRoot = process.getuid?.() === 0;
const onlyAsRoot = isRoot ? it : it.skip;

async function query(url: string, statement: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  return sql.unsafe(statement).finally(() => sql.end());
}

async function postmasterPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, "cluster/postmaster.pid"), "utf8"), 10);
}

/** Waits for the end of a process that is not our child; an unreaped one has ended too. */
async function untilGone(pid: number): Promise<void> {
  while ((await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) !== "") await delay(10);
}

describe("the embedded Postgres", () => {
  let root: string;
  let folder: string;
  const cleanUps: (() => Promise<void>)[] = [];

  async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const cluster = await startEmbeddedPostgres({ folder, log: () => {}, ...options });
    cleanUps.push(cluster.stop);
    return cluster;
  }

  function hold(inFolder: string, env?: NodeJS.ProcessEnv): StartedScript {
    const holder = startScript(HOLD_CLUSTER, [inFolder], env);
    cleanUps.push(holder.end);
    return holder;
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "filedesk-embedded-"));
    await chmod(root, 0o755);
    folder = join(root, "postgres");
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });
  afterAll(() => rm(root, { recursive: true }));

  it("makes on first start a UTF-8 database whose role is no superuser, behind a password that only we can read", async () => {
    const cluster = await start();
    const [facts] = await query(
      cluster.url,
      `select current_database() as database, current_setting('server_encoding') as encoding, upper('señor Ωmega') as upper,
       current_setting('fsync') as fsync, (select rolsuper from pg_roles where rolname = current_user) as superuser`,
    );
    expect(facts).toEqual({
      database: "filedesk",
      encoding: "UTF8",
      upper: "SEÑOR ΩMEGA",
      fsync: "on",
      superuser: false,
    });
    expect((await stat(join(folder, "password"))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o077).toBe(0);
    const stranger = new URL(cluster.url);
    stranger.password = "guessed";
    await expect(query(stranger.href, "select 1")).rejects.toThrow("password authentication failed");
    await query(cluster.url, "create table notes (text text)");
    await cluster.stop();
  });

  it("is also reached through a Unix socket that only its account may enter, new at each start", async () => {
    const cluster = await start();
    const sql = connectDriver(cluster.socketUrl, { max: 1 });
    const [connection] = await sql`select inet_client_addr() as address`.finally(() => sql.end());
    expect(connection).toEqual({ address: null });
    expect((await stat(join(folder, "socket"))).mode & 0o777).toBe(0o700);
    await cluster.stop();
    await writeFile(join(folder, "socket/.s.PGSQL.1"), "left by one that was killed");
    await start();
    expect(await readdir(join(folder, "socket"))).not.toContain(".s.PGSQL.1");
  });

  it("listens on the network alone in a folder whose path is too long for a socket", async () => {
    const cluster = await start({ folder: join(root, "long".repeat(20), "postgres") });
    expect(cluster.socketUrl).toBe(cluster.url);
    expect(await query(cluster.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("keeps the data over a stop and a start, and has ended when stop() says so", async () => {
    const first = await start();
    await query(first.url, "insert into notes values ('stopped')");
    const pid = await postmasterPid(folder);
    await Promise.all([first.stop(), first.stop()]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    const second = await start();
    expect(await query(second.url, "select text from notes")).toEqual([{ text: "stopped" }]);
    await second.stop();
  });

  it("takes the port and the settings that it is given", async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    await first.stop();
    const second = await start({ port, settings: { fsync: "off" } });
    expect(second.url).toBe(first.url);
    expect(await query(second.url, "show fsync")).toEqual([{ fsync: "off" }]);
  });

  async function killHolder(holder: StartedScript, note: string) {
    const url = await holder.nextLine();
    await query(url, `insert into notes values ('${note}')`);
    const pid = await postmasterPid(folder);
    await holder.kill();
    return pid;
  }

  async function expectNote(note: string) {
    const cluster = await start();
    expect(await query(cluster.url, `select text from notes where text = '${note}'`)).toEqual([
      { text: note },
    ]);
    await cluster.stop();
  }

  it("ends with a server that is killed, and the next start has the acknowledged row", async () => {
    const pid = await killHolder(hold(folder), "killed");
    await untilGone(pid);
    await expectNote("killed");
  });

  it("starts at once after a kill, without waiting for anything", async () => {
    await killHolder(hold(folder), "hurry");
    await expectNote("hurry");
  });

  it("ends with a killed server on a machine without setpriv too", async () => {
    const bin = join(root, "bin");
    await mkdir(bin);
    await symlink("/bin/sh", join(bin, "sh"));
    const pid = await killHolder(hold(folder, { PATH: bin }), "no setpriv");
    await untilGone(pid);
    await expectNote("no setpriv");

    const stopped = hold(folder, { PATH: bin });
    await stopped.nextLine();
    await stopped.end();
    expect(await readdir(join(folder, "cluster"))).not.toContain("postmaster.pid");
  });

  it("stops a Postgres that it finds running on its cluster before it starts its own", async () => {
    const left = await start();
    await query(left.url, "insert into notes values ('left')");
    const leftPid = await postmasterPid(folder);
    const next = await start();
    expect(await postmasterPid(folder)).not.toBe(leftPid);
    expect(() => process.kill(leftPid, 0)).toThrow("ESRCH");
    expect(await query(next.url, "select text from notes where text = 'left'")).toHaveLength(1);
  });

  it("recovers when Postgres itself is killed, though its process id now belongs to another program", async () => {
    const killed = await start();
    await query(killed.url, "insert into notes values ('crashed')");
    const lockFile = join(folder, "cluster/postmaster.pid");
    const lock = await readFile(lockFile, "utf8");
    process.kill(await postmasterPid(folder), "SIGKILL");
    await killed.stop();

    const owner = await stat(folder);
    const program = spawn("sleep", ["60"], { uid: owner.uid, gid: owner.gid, cwd: "/" });
    await writeFile(lockFile, lock.replace(/^\d+/, String(program.pid)));
    await expectNote("crashed");
    expect(program.exitCode ?? program.signalCode).toBeNull();
    program.kill();
  });

  it("starts anew when the making of the cluster was killed half-way", async () => {
    const fresh = join(root, "interrupted");
    const maker = hold(fresh);
    const made = async () =>
      (await readdir(fresh).catch(() => [])).some((name) => name.startsWith("cluster."));
    while (!(await made())) await delay(5);
    await maker.kill();
    await mkdir(join(fresh, "cluster.unfinished-old/base"), { recursive: true });
    const cluster = await start({ folder: fresh });
    expect(await query(cluster.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await cluster.stop();
    expect((await readdir(fresh)).sort()).toEqual(["cluster", "password", "socket"]);
  });

  it("tells Postgres' own words when it does not start, and leaves nothing running", async () => {
    const broken = start({ settings: { shared_buffers: "plenty" } });
    await expect(broken).rejects.toThrow(/shared_buffers.*DATABASE_URL/s);
    expect(await readdir(join(folder, "cluster"))).not.toContain("postmaster.pid");
  });

  onlyAsRoot("works in a folder that only root may enter, or says what to set", async () => {
    const closed = join(root, "closed");
    await mkdir(closed, { mode: 0o700 });
    const cluster = await start({ folder: join(closed, "postgres") });
    expect(await query(cluster.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await cluster.stop();

    const holder = hold(join(closed, "postgres"), { PATH: join(root, "bin") });
    const message = await holder.nextLine();
    expect(message).toContain(closed);
    expect(message).toContain("FILEDESK_DATA");
    await holder.end();
  });
});

describe("the embedded binaries", () => {
  it("name DATABASE_URL where there are none for the platform", async () => {
    await expect(locateBinaries("plan9-pdp11")).rejects.toThrow(/plan9-pdp11.*DATABASE_URL/s);
  });

  it("get the library links that an install without scripts leaves out", async () => {
    const root = await mkdtemp(join(tmpdir(), "filedesk-links-"));
    await mkdir(join(root, "native/lib"), { recursive: true });
    const links = ["libx.so", "libx.so.1"].map((name) => ({
      source: "native/lib/libx.so.1.2",
      target: `native/lib/${name}`,
    }));
    await writeFile(join(root, "native/lib/libx.so.1.2"), "");
    await writeFile(join(root, "native/pg-symlinks.json"), JSON.stringify(links));
    await linkLibraries(root);
    await linkLibraries(root);
    expect(await readlink(join(root, "native/lib/libx.so.1"))).toBe("libx.so.1.2");
    await rm(root, { recursive: true });
  });
});
