import type { ChildProcess } from "node:child_process";
import { chown, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { locateBinaries } from "../../src/platform/database/embedded/binaries.js";
import { startEmbeddedPostgres } from "../../src/platform/database/embedded/embedded-postgres.js";
import { until } from "./feed-world.js";
import { endService, freePort, giveAway, spawnService } from "./spawned-service.js";

/** A primary and a standby that follows it, which has each commit on its disk before it is acknowledged. */
export interface PostgresPair {
  /** Names both hosts, the standby first. */
  readonly url: string;
  /** As the superuser. @param index 0 is the first primary, 1 the first standby */
  ask(index: 0 | 1, statement: string): Promise<readonly Record<string, unknown>[]>;
  /** `kill -9` for all of its processes at once. */
  killPrimary(): Promise<void>;
  /** Makes the standby a primary. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

interface Node {
  readonly folder: string;
  readonly port: number;
  child: ChildProcess;
}

export async function startPostgresPair(): Promise<PostgresPair> {
  const root = await mkdtemp(join(tmpdir(), "postgres-pair-"));
  await giveAway(root);
  const template = await startEmbeddedPostgres({ folder: join(root, "primary"), log: () => {} });
  const account = new URL(template.url);
  await template.stop();
  const password = (await readFile(join(root, "primary/password"), "utf8")).trim();
  await copyCluster(join(root, "primary/cluster"), join(root, "standby"));

  const { postgres: program } = await locateBinaries();
  const start = async (folder: string, settings: Readonly<Record<string, string>>): Promise<Node> => {
    const port = await freePort();
    const all = {
      port: String(port),
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      ...settings,
    };
    const words = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = await spawnService(program, ["-D", folder, ...words]);
    let output = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`postgres ended: ${output}`);
      return /ready to accept (read-only )?connections/.test(output);
    }, 30_000);
    return { folder, port, child };
  };
  const primary = await start(join(root, "primary/cluster"), { synchronous_standby_names: "*" });
  const standby = await start(join(root, "standby"), {
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=${password}`,
  });
  const nodes = [primary, standby] as const;
  const ask = async (index: 0 | 1, statement: string) => {
    const url = `postgres://postgres:${password}@127.0.0.1:${nodes[index].port}/${account.pathname.slice(1)}`;
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    return sql.unsafe(statement).finally(() => sql.end());
  };
  await until(
    async () => (await ask(0, "select from pg_stat_replication where sync_state = 'sync'")).length > 0,
  );
  const hosts = [standby, primary].map(({ port }) => `127.0.0.1:${port}`).join(",");
  return {
    url: `postgres://${account.username}:${account.password}@${hosts}${account.pathname}?target_session_attrs=read-write`,
    ask,
    async killPrimary() {
      const { pid = 0 } = primary.child;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
      const end = endService(primary.child, "SIGKILL");
      for (const child of children.split(" ").filter(Boolean))
        try {
          process.kill(Number(child), "SIGKILL");
        } catch {} // it has ended by itself
      await end;
    },
    async promote() {
      await ask(1, "select pg_promote()");
    },
    async close() {
      for (const { child } of nodes) await endService(child, "SIGKILL");
      await rm(root, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

/** Of a cluster that is not running: the copy follows it. */
async function copyCluster(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, preserveTimestamps: true });
  await writeFile(join(to, "standby.signal"), "");
  const { uid, gid } = await stat(from);
  await giveTo(to, uid, gid);
}

async function giveTo(path: string, uid: number, gid: number): Promise<void> {
  await chown(path, uid, gid);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
    await chown(join(entry.parentPath, entry.name), uid, gid);
}
