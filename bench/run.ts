import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../src/platform/database/embedded/embedded-postgres.js";
import { measureGallery } from "./gallery.scenario.js";
import { listScenario } from "./list.scenario.js";
import { measurePressure } from "./pressure.scenario.js";
import { startFiledesk } from "./processes.js";
import { measureRealtime } from "./realtime.scenario.js";
import { SETTINGS } from "./realtime-chat.js";
import { measureRendering } from "./render.scenario.js";
import { heading, section } from "./report.js";
import type { BenchEnvironment, Outcome, Scenario, ScenarioEnvironment } from "./scenario.js";
import { measure } from "./scenario.js";
import { uploadScenario } from "./upload.scenario.js";

const SCENARIOS: Readonly<Record<string, (environment: ScenarioEnvironment) => Promise<Scenario>>> = {
  upload: uploadScenario,
  list: listScenario,
};

/** Measurements without a floor, which return their own reports. */
const MEASUREMENTS: Readonly<Record<string, (environment: BenchEnvironment, plan: Plan) => Promise<string>>> =
  {
    render: measureRendering,
    gallery: measureGallery,
    realtime: measureRealtime,
    pressure: measurePressure,
  };

/** Settings of Postgres for some measurements. */
const POSTGRES: Readonly<Record<string, Readonly<Record<string, string>>>> = { realtime: SETTINGS };

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
}

const USAGE = `npm run bench -- [--only upload|list|render|gallery|realtime|pressure] [--rounds 3] [--seconds 5] [--server dist/bundle/main.js] [--profile FOLDER]`;

/** Without these settings, the server's limits would determine the results. */
const NO_LIMITS = {
  TICKET_FILES: "1000000",
  TICKET_MEGABYTES: "1000000",
  UPLOADS_PER_MINUTE: "1000000",
  UPLOAD_FILES_PER_MINUTE: "1000000",
  CREATIONS_PER_MINUTE: "1000000",
  MESSAGES_PER_MINUTE: "1000000",
  SUBSCRIPTIONS_PER_MINUTE: "1000000",
  CHANGES_PER_MINUTE: "1000000",
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
      server: { type: "string", default: "dist/bundle/main.js" },
      profile: { type: "string" },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const names = values.only === undefined ? Object.keys({ ...SCENARIOS, ...MEASUREMENTS }) : [values.only];
  if (!(rounds >= 1) || !(seconds > 0) || !names.every((name) => name in SCENARIOS || name in MEASUREMENTS))
    throw new Error(USAGE);
  return { ...values, names, rounds, seconds };
}

type Options = ReturnType<typeof readOptions>;

/** Provides a new database and servers on it, and removes them afterwards. */
async function inNewEnvironment<Result>(
  name: string,
  options: Options,
  work: (environment: BenchEnvironment & { readonly cluster: string }) => Promise<Result>,
): Promise<Result> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-bench-"));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const cluster = join(folder, "postgres");
    const postgres = await startEmbeddedPostgres({
      folder: cluster,
      log: () => {},
      settings: POSTGRES[name] ?? {},
    });
    closers.push(() => postgres.stop());
    const data = { DATABASE_URL: postgres.socketUrl, FILEDESK_DATA: join(folder, "desk") };
    const start = async (environment: Readonly<Record<string, string>> = {}) => {
      const filedesk = await startFiledesk({
        main: resolve(options.server),
        environment: { ...AS_IN_PRODUCTION, ...NO_LIMITS, ...data, ...environment },
        logFile: join(folder, "filedesk.log"),
        profile: options.profile,
      });
      closers.push(() => filedesk.stop());
      return filedesk;
    };
    return await work({ folder, databaseUrl: postgres.socketUrl, cluster, start });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const run = (name: string, options: Options): Promise<Outcome> =>
  inNewEnvironment(name, options, async ({ cluster, start, ...environment }) => {
    // Renderings are measured by `render`; here the jobs stay in the queue.
    const filedesk = await start({ WORKER: "off" });
    const scenario = await SCENARIOS[name]!({ ...environment, filedesk });
    try {
      return await measure(scenario, filedesk, { ...options, postmaster: await postmasterOf(cluster) });
    } finally {
      await Promise.all(scenario.floors.map((floor) => floor.stop()));
    }
  });

async function postmasterOf(cluster: string): Promise<number> {
  const [pid] = (await readFile(join(cluster, "cluster", "postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}

const options = readOptions();
const sections = [heading(options)];
for (const name of options.names) {
  const measurement = MEASUREMENTS[name];
  sections.push(
    measurement
      ? await inNewEnvironment(name, options, (environment) => measurement(environment, options))
      : section(await run(name, options)),
  );
}
console.log(sections.join("\n\n"));
