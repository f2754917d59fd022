import type { ChildProcess } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { locateBinaries } from "../../src/platform/database/embedded/binaries.js";
import { startEmbeddedPostgres } from "../../src/platform/database/embedded/embedded-postgres.js";
import { until } from "./feed-world.js";
import { endService, freePort, giveAway, spawnService } from "./spawned-service.js";

/** A Postgres of the test's own, which stops and starts at the same address. */
export interface OwnPostgres {
  readonly url: string;
  /** Whether its process runs. */
  isRunning(): boolean;
  /** As an operator stops it: its clients are sent away, what is committed is kept. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

/** @param folder where its data are, such as on a small disk; it is made */
export async function startOwnPostgres(folder: string): Promise<OwnPostgres> {
  await mkdir(folder, { recursive: true });
  await giveAway(folder);
  const template = await startEmbeddedPostgres({ folder: join(folder, "postgres"), log: () => {} });
  const url = new URL(template.url);
  await template.stop();
  const { postgres: program } = await locateBinaries();
  const port = await freePort();
  url.host = `127.0.0.1:${port}`;
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    // A small disk is full of data, not of logs that wait for a checkpoint.
    max_wal_size: "32MB",
    min_wal_size: "32MB",
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  let child: ChildProcess;
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const start = async () => {
    child = await spawnService(program, ["-D", join(folder, "postgres/cluster"), ...words]);
    let output = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-10_000);
    });
    await until(() => {
      if (!isRunning()) throw new Error(`postgres ended: ${output}`);
      return /ready to accept connections/.test(output);
    }, 60_000);
  };
  await start();
  return {
    url: url.href,
    isRunning,
    start,
    stop: () => endService(child, "SIGINT"),
    async close() {
      await endService(child, "SIGKILL");
      await rm(join(folder, "postgres"), { recursive: true, force: true, maxRetries: 20 });
    },
  };
}
