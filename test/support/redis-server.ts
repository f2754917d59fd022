import type { ChildProcess } from "node:child_process";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { ended, hasSetpriv, spawnBound } from "../../src/platform/database/embedded/bound-process.js";
import { until } from "./feed-world.js";
import { present } from "./present.js";
import { freePort } from "./spawned-service.js";

/** `describe` and `it` of tests that need it are skipped where it is missing. */
export const hasRedis = (): boolean =>
  present("redis-server", spawnSync("redis-server", ["--version"]).status === 0);

/** A real Redis of the test's own, which keeps nothing. */
export interface RedisServer {
  readonly url: string;
  start(): Promise<void>;
  /** To the process. */
  signal(signal: NodeJS.Signals): void;
  /** `kill -9`, and waits for its end. */
  kill(): Promise<void>;
  /** One command, its reply. */
  ask(command: readonly string[]): Promise<unknown>;
  /** Kills it, and removes what it left. */
  close(): Promise<void>;
}

/** Makes room for a Redis, which `start` starts, again and again on the same port. */
export async function prepareRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "redis-test-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const options = { bind: "127.0.0.1", port, dir: folder, save: "", appendonly: "no", daemonize: "no" };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const binding = { account: null, passBarriers: false, setpriv: await hasSetpriv() };
  let child: ChildProcess | null = null;
  // Where a shell stands between, it has a group of its own, and so it ends with what it runs.
  const signal = (name: NodeJS.Signals) => void (child?.pid && process.kill(-child.pid, name));
  const kill = async () => {
    if (!child) return;
    const end = ended(child);
    signal("SIGKILL");
    await end;
    child = null;
  };
  return {
    url,
    signal,
    kill,
    async start() {
      child = spawnBound(binding, "redis-server", words);
      await until(() => answers(port));
    },
    async ask(command) {
      const client = await createClient({ url, maintNotifications: "disabled" }).connect();
      return client.sendCommand([...command]).finally(() => client.destroy());
    },
    async close() {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const answer = (is: boolean) => {
      resolve(is);
      socket.destroy();
    };
    socket.once("data", (reply) => answer(String(reply).startsWith("+PONG")));
    socket.once("error", () => answer(false)).once("close", () => answer(false));
  });
