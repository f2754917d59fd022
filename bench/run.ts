import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../src/platform/database/embedded/embedded-postgres.js";
import { listScenario } from "./list.scenario.js";
import { startFiledesk } from "./processes.js";
import { report } from "./report.js";
import type { Ground, Outcome, Scenario } from "./scenario.js";
import { measure } from "./scenario.js";
import { uploadScenario } from "./upload.scenario.js";

const SCENARIOS: Readonly<Record<string, (ground: Ground) => Promise<Scenario>>> = {
  upload: uploadScenario,
  list: listScenario,
};

const USAGE = `npm run bench -- [--only upload|list] [--rounds 3] [--seconds 5] [--server dist/main.js] [--profile FOLDER]`;

/** Limits that protect a desk from its users would be all that is measured. */
const NO_LIMITS = {
  TICKET_FILES: "1000000",
  TICKET_MEGABYTES: "1000000",
  UPLOADS_PER_MINUTE: "1000000",
  UPLOADS_AT_ONCE: "1000",
};

const AS_IN_PRODUCTION = {
  NODE_ENV: "production",
  EMBEDDED_SECRETS: "true",
  DEMO_DATA: "true",
  HOST: "127.0.0.1",
};

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "5" },
      server: { type: "string", default: "dist/main.js" },
      profile: { type: "string" },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const names = values.only === undefined ? Object.keys(SCENARIOS) : [values.only];
  if (!(rounds >= 1) || !(seconds > 0) || !names.every((name) => name in SCENARIOS)) throw new Error(USAGE);
  return { ...values, names, rounds, seconds };
}

type Options = ReturnType<typeof readOptions>;

/** Runs one scenario on a new database and a new server, and leaves nothing of them. */
async function run(name: string, options: Options): Promise<Outcome> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-bench-"));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const cluster = join(folder, "postgres");
    const postgres = await startEmbeddedPostgres({ folder: cluster, log: () => {} });
    closers.push(() => postgres.stop());
    const data = { DATABASE_URL: postgres.url, FILEDESK_DATA: join(folder, "desk") };
    const filedesk = await startFiledesk({
      main: resolve(options.server),
      environment: { ...AS_IN_PRODUCTION, ...NO_LIMITS, ...data },
      logFile: join(folder, "filedesk.log"),
      profile: options.profile,
    });
    closers.push(() => filedesk.stop());
    const scenario = await SCENARIOS[name]!({ folder, databaseUrl: postgres.url, filedesk });
    closers.push(() => scenario.floor.stop());
    const postmaster = await postmasterOf(cluster);
    return await measure(scenario, filedesk, { ...options, postmaster });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function postmasterOf(cluster: string): Promise<number> {
  const [pid] = (await readFile(join(cluster, "cluster", "postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}

const options = readOptions();
const outcomes: Outcome[] = [];
for (const name of options.names) outcomes.push(await run(name, options));
console.log(report(outcomes, options));
