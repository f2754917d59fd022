import type { Command } from "commander";
import { formatBytes, MIB } from "../../kernel/bytes.js";
import { ExitCode } from "./exit-code.js";
import { wholeNumber } from "./option-values.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";
import { runTask } from "./run-task.js";
import { withFindings } from "./with-findings.js";

interface UpkeepOptions extends OutputOptions {
  readonly dryRun?: boolean;
}

const DRY_RUN = ["--dry-run", "print what would be removed, and remove nothing"] as const;
const JSON_LINES = ["--json", "one JSON object a line"] as const;
const MOST = 1_000_000_000;

export function addVerifyCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("verify")
    .description("read the stored files again and compare them with their hashes")
    .option(
      "--files <number>",
      "maximum number of files; those that were verified longest ago come first",
      wholeNumber(1, MOST),
    )
    .option("--megabytes <number>", "maximum size of the files together", wholeNumber(1, MOST))
    .option("--dry-run", "print the findings, but neither mark files nor notify their managers")
    .option(...JSON_LINES)
    .addHelpText(
      "after",
      `
Prints each file whose bytes are altered or missing. It is marked and no longer served; its managers are notified.
Neither bytes nor hashes are changed. Variants that are altered or missing, or that no job is to make although a file has waited
for them for an hour, are enqueued again; a server or a worker renders them.

Exit codes: 0 all files are intact; 2 some are not.`,
    )
    .action((options: UpkeepOptions & { files?: number; megabytes?: number }) =>
      runOnDesk(options, environment, async ({ services: { upkeep } }, run) => {
        const reporting = { output: run.output, reported: new Set<string>() };
        const missing = await runTask(run, { name: "find-missing", ...options }, (more) =>
          withFindings(reporting, (onFinding) => upkeep.findMissing({ ...more, onFinding })),
        );
        const limits = {
          files: options.files ?? Number.MAX_SAFE_INTEGER,
          bytes: options.megabytes === undefined ? Number.MAX_SAFE_INTEGER : options.megabytes * MIB,
        };
        const verified = await runTask(run, { name: "verify-integrity", ...options }, (more) =>
          withFindings(reporting, (onFinding) => upkeep.verifyIntegrity({ ...more, limits, onFinding })),
        );
        const { altered, alteredVariants, unreadable } = verified;
        const findings = missing.missing + altered + alteredVariants + verified.missing + unreadable;
        return findings > 0 ? ExitCode.FINDINGS : ExitCode.OK;
      }),
    );
}

export function addSweepCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("sweep")
    .description("remove what killed processes left: bytes without a row, unfinished uploads")
    .option(...DRY_RUN)
    .option(
      "--even-many",
      "continue even if so many files have no row that the database may be the wrong one",
    )
    .option("--verbose", "print each object that is removed from the storage")
    .option(...JSON_LINES)
    .addHelpText(
      "after",
      "\nThe server does this automatically. Objects younger than half an hour are kept, because they may belong to a running upload. Files go to the trash\nfor SWEEP_TRASH_DAYS first, and come back by the next sweep when a row refers to them.",
    )
    .action((options: UpkeepOptions & { verbose?: boolean; evenMany?: boolean }) =>
      runOnDesk(options, environment, async ({ services: { upkeep } }, run) => {
        const removed: string[] = [];
        const onRemoved = (object: { readonly key: string; readonly size: number }) => {
          if (!options.verbose) return;
          run.output.event("removed", { ...object, dryRun: options.dryRun ?? false });
          removed.push(`${object.key}, ${formatBytes(object.size)}`);
        };
        await runTask(run, { name: "sweep-storage", ...options }, (more) =>
          upkeep.sweepStorage({ ...more, onRemoved, evenMany: options.evenMany }),
        );
        for (const line of removed) run.output.line(line);
        await runTask(run, { name: "sweep-uploads", ...options }, upkeep.sweepUploads);
        return ExitCode.OK;
      }),
    );
}

export function addPurgeCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("purge")
    .description("purge what was deleted long enough ago, and what has expired")
    .option("--orphans", "also purge files that nothing has used for long")
    .option(
      "--older-than-days <number>",
      "days without any use (default: ORPHAN_DAYS)",
      wholeNumber(1, 36_500),
    )
    .option("--company <slug>", "only orphans of this company")
    .option(...DRY_RUN)
    .option(...JSON_LINES)
    .addHelpText(
      "after",
      `
What was deleted can be restored for RETENTION_DAYS, and is purged after that. The server purges automatically, orphans
only with PURGE_ORPHANS=true.

Examples:
  filedesk purge --dry-run
  filedesk purge --orphans --older-than-days 90 --company acme --dry-run`,
    )
    .action(
      (
        options: UpkeepOptions & { orphans?: boolean; olderThanDays?: number; company?: string },
        command: Command,
      ) => {
        const { company, olderThanDays } = options;
        if (!options.orphans && (company !== undefined || olderThanDays !== undefined))
          command.error("error: --company and --older-than-days are for orphans: add --orphans");
        return runOnDesk(options, environment, async ({ services: { upkeep }, database: { db } }, run) => {
          const { companyIdOf } = await import("./company-option.js");
          const companyId = company === undefined ? undefined : await companyIdOf(db, company);
          await runTask(run, { name: "purge-deleted", ...options }, upkeep.purgeDeleted);
          await runTask(run, { name: "purge-expired", ...options }, upkeep.purgeExpired);
          if (options.orphans)
            await runTask(run, { name: "purge-orphans", ...options }, (more) =>
              upkeep.purgeOrphans({ ...more, companyId, olderThanDays }),
            );
          return ExitCode.OK;
        });
      },
    );
}
