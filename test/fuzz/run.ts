import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../../src/platform/database/embedded/embedded-postgres.js";
import type { DoorName } from "./doors.js";
import { DOOR_NAMES, openDoor } from "./doors.js";
import { runCampaign } from "./kit/campaign.js";
import { startFuzzServer } from "./kit/fuzz-server.js";
import { openWorld } from "./kit/fuzz-world.js";
import { reportText, saveFindings } from "./kit/report.js";
import { createSource } from "./kit/source.js";

const USAGE = `npm run fuzz -- [--seed 1] [--door ${DOOR_NAMES.join("|")}] [--count 20000] [--case NUMBER] [--out dist/fuzz-findings]`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      door: { type: "string" },
      count: { type: "string" },
      case: { type: "string" },
      out: { type: "string", default: "dist/fuzz-findings" },
    },
  });
  const numbers = [values.seed, values.count ?? "1", values.case ?? "0"].map(Number);
  const isKnown = values.door === undefined || DOOR_NAMES.includes(values.door as DoorName);
  if (
    !numbers.every(Number.isSafeInteger) ||
    !isKnown ||
    (values.case !== undefined && values.door === undefined)
  )
    throw new Error(USAGE);
  return { ...values, doors: values.door === undefined ? DOOR_NAMES : [values.door as DoorName] };
}

type Options = ReturnType<typeof readOptions>;

/** Sends one case, and prints what was sent and what came back. */
async function sendOne(
  server: Awaited<ReturnType<typeof startFuzzServer>>,
  { seed, doors, case: number }: Options,
) {
  const door = await openDoor(doors[0]!);
  const world = await openWorld(server);
  const input = door.make(createSource(Number(seed), door.name, Number(number)), world);
  const { how, bytes } = door.describe(input);
  console.log(JSON.stringify(how, null, 2));
  console.log(bytes.toString("latin1", 0, 5_000));
  await server.blocks();
  console.log(await door.play(input, { server, world }));
  console.log(server.ending() ?? { blocks: await server.blocks(), faults: server.newFaults() });
}

async function main(options: Options): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-fuzz-"));
  const postgres = await startEmbeddedPostgres({
    folder: join(folder, "postgres"),
    log: () => {},
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
  });
  try {
    const server = await startFuzzServer({
      databaseUrl: postgres.socketUrl,
      driverUrl: postgres.url,
      folder,
    });
    try {
      if (options.case !== undefined) return await sendOne(server, options).then(() => 0);
      let found = 0;
      for (const name of options.doors) {
        const door = await openDoor(name);
        const count = Number(options.count ?? door.cases);
        const started = performance.now();
        const report = await runCampaign({
          door,
          server,
          seed: Number(options.seed),
          count,
          onProgress(sent) {
            const rate = sent / ((performance.now() - started) / 1_000);
            process.stderr.write(
              `\r${name} (seed ${options.seed}): ${sent} of ${count}, ${rate.toFixed(0)} a second   `,
            );
          },
        });
        process.stderr.write("\r");
        console.log(reportText(report));
        for (const path of await saveFindings(report, options.out)) console.log(`  saved: ${path}`);
        found += report.findings.length;
      }
      return found;
    } finally {
      await server.stop();
    }
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = (await main(readOptions())) > 0 ? 1 : 0;
