import type { BuiltProcess, Environment, ServerProcess } from "./server-process.js";
import { startServerProcess, startWorkerProcess } from "./server-process.js";

export interface ClusterOptions {
  readonly environment: Environment;
  readonly servers: number;
  readonly workers: number;
  /** Where the servers listen, before and after a restart; by default on any free port. */
  readonly ports?: readonly number[];
  /** Settings of one process alone, by its name, such as `server-0`; the same after a restart. */
  readonly ownSettings?: (name: string) => Environment;
}

/** Servers and workers in processes of their own, which nothing but their settings connects. */
export interface Cluster {
  /** Where the servers are; of one that is down, where it was. */
  readonly urls: readonly string[];
  /** Whether a server was killed and is not back yet. */
  isKilled(server: number): boolean;
  /** What all processes have printed, also those that have ended. */
  output(): string;
  /** Stops a server or a worker, or kills it, and starts it again. @throws what a stopped one printed, if it failed */
  restart(kind: "server" | "worker", index: number, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  close(): Promise<void>;
}

/** The secrets that all processes of a desk have in common. */
export const SHARED_SECRETS = {
  AUTH_SECRET: "the same secret of all - they know each other's tokens",
  URL_SIGNING_KEYS: "k1:the same secret of all - they know each other's URLs",
};

/** All start at once, as containers do: one migrates, and the others wait. */
export async function startCluster({
  environment,
  servers,
  workers,
  ports = [],
  ownSettings = () => ({}),
}: ClusterOptions): Promise<Cluster> {
  const settings = { WORKER: "off", DEMO_DATA: "false", ...SHARED_SECRETS, ...environment };
  const start = (kind: "server" | "worker", place: number): Promise<ServerProcess | BuiltProcess> => {
    const own = { ...settings, ...ownSettings(`${kind}-${place}`) };
    return kind === "server"
      ? startServerProcess({ ...own, PORT: String(ports[place] ?? 0) })
      : startWorkerProcess(own);
  };
  const kinds = [...Array<"server">(servers).fill("server"), ...Array<"worker">(workers).fill("worker")];
  const begun = await Promise.allSettled(kinds.map(start));
  const processes = begun.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const close = async () => {
    await Promise.all(processes.map((each) => each.kill()));
  };
  for (const one of begun)
    if (one.status === "rejected") {
      await close();
      throw one.reason;
    }
  const urls = processes.slice(0, servers).map((server) => (server as ServerProcess).url);
  const killed = new Set<number>();
  let printed = "";
  return {
    urls,
    isKilled: (server) => killed.has(server),
    output: () => processes.reduce((text, each) => text + each.output(), printed),
    async restart(kind, index, signal) {
      const place = kind === "server" ? index : servers + index;
      const old = processes[place]!;
      if (signal === "SIGKILL") killed.add(place);
      old.signal(signal);
      const { code, output } = await old.ended;
      if (signal === "SIGTERM" && code !== 0)
        throw new Error(`${kind} ${index} ended with ${code}: ${output}`);
      printed += output;
      const renewed = await start(kind, place);
      processes[place] = renewed;
      if (kind === "server") urls[place] = (renewed as ServerProcess).url;
      killed.delete(place);
    },
    close,
  };
}
