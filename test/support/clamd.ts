import type { ChildProcess } from "node:child_process";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./feed-world.js";
import { present } from "./present.js";
import { endService, freePort, giveAway, listens, spawnService } from "./spawned-service.js";

/** `describe` and `it` of tests that need the real one are skipped where it is missing. */
export const hasClamd = (): boolean => present("clamd", spawnSync(clamd(), ["--version"]).status === 0);

const clamd = () => (existsSync("/usr/sbin/clamd") ? "/usr/sbin/clamd" : "clamd");

/** The EICAR test file, put together when it is needed: no file of this project contains it. */
export const eicar = (): Buffer =>
  Buffer.from(
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE", "!$H+H*"].join(""),
    "latin1",
  );

/** What the other signature of the tests matches, anywhere in a file. */
export const malware = (): string => ["filedesk", "test-signature", "0123456789"].join("-");

/** As in the official database: EICAR at the beginning of a file; and the marker, anywhere. */
const signatures = () =>
  `Local.Eicar-Test:0:0:${eicar().toString("hex")}\nLocal.Marker:0:*:${Buffer.from(malware()).toString("hex")}\n`;

/** A real clamd of the test's own, with two signatures of its own. */
export interface Clamd {
  readonly tcpUrl: string;
  readonly unixUrl: string;
  start(): Promise<void>;
  /** To the process, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  /** `kill -9`, and waits for its end. */
  kill(): Promise<void>;
  /** With other signatures, or its usual ones, from its next start on. */
  setSignatures(lines?: string): Promise<void>;
  /** Kills it, and removes what it left. */
  close(): Promise<void>;
}

const SETTINGS = {
  MaxThreads: "4",
  StreamMaxLength: "100M",
  MaxFileSize: "100M",
  MaxScanSize: "400M",
  AlertExceedsMax: "yes",
  ReadTimeout: "30",
  CommandReadTimeout: "30",
  SelfCheck: "0",
};

/** Makes room for a clamd, which `start` starts, again and again at the same address. */
export async function prepareClamd(settings: Readonly<Record<string, string>> = {}): Promise<Clamd> {
  const folder = await mkdtemp(join(tmpdir(), "clamd-test-"));
  const port = await freePort();
  const [database, temp, socket] = ["db", "tmp", "clamd.sock"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(database);
  await mkdir(temp);
  const setSignatures = (lines = signatures()) => writeFile(join(database, "local.ndb"), lines);
  await setSignatures();
  await giveAway(folder, database, temp, join(database, "local.ndb"));
  const options = {
    Foreground: "yes",
    LocalSocket: socket,
    LocalSocketMode: "666",
    FixStaleSocket: "yes",
    TCPSocket: String(port),
    TCPAddr: "127.0.0.1",
    DatabaseDirectory: database,
    OfficialDatabaseOnly: "no",
    TemporaryDirectory: temp,
    ...SETTINGS,
    ...settings,
  };
  const file = join(folder, "clamd.conf");
  await writeFile(
    file,
    Object.entries(options)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(""),
  );
  let child: ChildProcess | null = null;
  const kill = async () => {
    if (child) await endService(child);
    child = null;
  };
  return {
    tcpUrl: `tcp://127.0.0.1:${port}`,
    unixUrl: `unix:${socket}`,
    setSignatures,
    kill,
    signal: (name) => void (child?.pid && process.kill(-child.pid, name)),
    async start() {
      child = await spawnService(clamd(), [`--config-file=${file}`]);
      await until(() => listens(port));
    },
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same, started. */
export async function startClamd(settings?: Readonly<Record<string, string>>): Promise<Clamd> {
  const server = await prepareClamd(settings);
  await server.start();
  return server;
}
