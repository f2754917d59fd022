import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { connectDatabase } from "../../platform/database/client.js";
import { checkAuditRetention, checkDatabaseRole } from "../doctor/check-database-role.js";
import { checkOperations } from "../doctor/check-operations.js";
import { checkScanner } from "../doctor/check-scanner.js";
import type { Check } from "../doctor/checks.js";
import {
  checkDatabase,
  checkEventBus,
  checkInstallation,
  checkMachine,
  checkMoving,
  checkQueues,
  checkStorage,
} from "../doctor/checks.js";
import { bucketsInForce, settingsInForce } from "../doctor/settings-in-force.js";
import { findDatabase } from "../startup/find-database.js";
import { guardFiles, storedFiles } from "../startup/open-files.js";
import { readSecrets } from "../startup/secrets.js";
import { describeStartError } from "../startup/start-faults.js";
import { createServices } from "../wiring/create-services.js";
import { ExitCode } from "./exit-code.js";
import { formatTable } from "./format-table.js";
import type { Output } from "./output.js";
import type { CommandRun } from "./run-command.js";

/** Runs `doctor`: prints the settings and buckets, and the checks with their results. */
export async function runDoctor(run: CommandRun, environment: NodeJS.ProcessEnv): Promise<ExitCode> {
  const { config, output } = run;
  const settings = settingsInForce(config, environment);
  for (const setting of settings) output.event("setting", setting);
  output.line("Settings (* set by you)");
  const rows = settings.map(({ name, value, isSet }) => [`${isSet ? "*" : " "} ${name}`, value] as const);
  for (const line of formatTable(rows)) output.line(line);

  const dataFolder = resolve(config.FILEDESK_DATA);
  await mkdir(dataFolder, { recursive: true });
  const checks = [
    ...(await checkMachine(config, dataFolder)),
    ...(await checkInside(run, dataFolder)),
    ...(await checkOperations(config)),
    ...(config.REDIS_URL ? [await checkEventBus(config.REDIS_URL)] : []),
  ];
  output.line("\nChecks");
  for (const check of checks) printCheck(output, check);
  const problems = checks.filter(({ state }) => state === "problem").length;
  output.event("done", { problems });
  output.line(
    problems === 0 ? "\nNo problems found." : `\n${problems} problem${problems === 1 ? "" : "s"} found.`,
  );
  return problems === 0 ? ExitCode.OK : ExitCode.FINDINGS;
}

const SIGNS = { ok: "ok     ", note: "note   ", problem: "PROBLEM" } as const;

function printCheck(output: Output, check: Check): void {
  output.event("check", check);
  output.line(`  ${SIGNS[check.state]}  ${check.name}: ${check.detail}`);
}

/** `doctor` enqueues no jobs. */
const NO_JOBS = { send: async () => {} };

/** Runs the checks that need the database. If it is unreachable, the others are skipped. */
async function checkInside({ config, log, output }: CommandRun, dataFolder: string): Promise<Check[]> {
  try {
    const found = await findDatabase({ config, dataFolder, log, role: "command" });
    const { url, sessionUrl, transactionPooling } = found;
    const database = connectDatabase(url, { sessionUrl, transactionPooling, connections: 2 });
    try {
      const reached = await checkDatabase(database);
      const [connected, schema] = reached;
      if (connected?.state === "problem") return reached;
      const inDatabase = [
        ...reached,
        ...(await checkDatabaseRole(database.db, found)),
        ...(await checkAuditRetention(database.db, config)),
      ];
      const deps = await storedFiles(config, database.db);
      const { check, installation } = await checkInstallation(deps);
      const ofFiles = [check, ...(check.state === "problem" ? [] : checkMoving(deps))];
      // Does not open services, or create folders, if the files may belong to another installation or the database has
      // to be migrated.
      if (installation === null || schema?.state === "problem")
        return [...inDatabase, await checkQueues(database.db), ...ofFiles];
      const secrets = await readSecrets(config, dataFolder);
      const files = guardFiles(deps, { id: installation.id, log });
      const services = await createServices({ config, secrets, database, files, jobs: NO_JOBS, log });
      try {
        output.line("\nBuckets");
        for (const rules of Object.values(services.buckets)) output.event("bucket", rules);
        for (const line of formatTable(bucketsInForce(services.buckets))) output.line(line);
        return [
          ...inDatabase,
          await checkQueues(database.db),
          ...ofFiles,
          await checkStorage(services.storage),
          await checkScanner(services.scanner, services.buckets),
        ];
      } finally {
        await services.tempFolder.close();
      }
    } finally {
      await database.close();
      await found.close();
    }
  } catch (error) {
    return [{ name: "database and storage", state: "problem", detail: describeStartError(error as Error) }];
  }
}
