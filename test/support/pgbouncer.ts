import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./feed-world.js";
import { present } from "./present.js";
import { endService, freePort, giveAway, listens, spawnService } from "./spawned-service.js";

/** Debian installs it where only root's PATH leads. */
const PROGRAM = ["/usr/sbin/pgbouncer", "pgbouncer"].find(
  (name) => spawnSync(name, ["--version"]).status === 0,
);

export const hasPgBouncer = (): boolean => present("pgbouncer", PROGRAM !== undefined);

/** A PgBouncer in transaction mode in front of one database. */
export interface PgBouncer {
  readonly url: string;
  close(): Promise<void>;
}

/** Fewer than one server's connections, so that each session is handed from client to client. */
const SESSIONS = 4;

export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), "pgbouncer-test-"));
  const { hostname, port, pathname, username, password } = new URL(databaseUrl);
  const database = pathname.slice(1);
  const listenPort = await freePort();
  const users = join(folder, "users.txt");
  const settings = join(folder, "pgbouncer.ini");
  await writeFile(users, `"${username}" "${decodeURIComponent(password)}"\n`);
  await writeFile(
    settings,
    `[databases]
${database} = host=${hostname} port=${port} dbname=${database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${SESSIONS}
max_client_conn = 200
`,
  );
  await giveAway(folder, users, settings);
  const child = await spawnService(PROGRAM ?? "pgbouncer", ["-q", settings]);
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended: ${output}`);
    return listens(listenPort);
  });
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(listenPort);
  return {
    url: url.href,
    async close() {
      await endService(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
