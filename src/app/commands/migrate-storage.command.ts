import type { Command } from "commander";
import { Option } from "commander";
import type { MoveReport } from "../../modules/media/upkeep/move-files.js";
import type { Config } from "../../platform/config/config.js";
import { ExitCode } from "./exit-code.js";
import type { Output } from "./output.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";
import { runTask } from "./run-task.js";
import { withFindings } from "./with-findings.js";

type Kind = "local" | "s3";

interface MigrateStorageOptions extends OutputOptions {
  readonly from: Kind;
  readonly to: Kind;
  readonly dryRun?: boolean;
  readonly delete?: boolean;
}

const HELP = `
First set STORAGE to where files are to go, and STORAGE_FROM to where they are, and restart servers and workers: new
files then go to the new storage, and old ones are found in either. docs/storage.md has the steps for several servers.

Each file and each variant is read from the old storage, compared with its hash, stored in the new one, read back and
compared again. What is there already is not copied again: after Ctrl-C or a crash, run the same command again. It goes
through all files until there is nothing left to move. A file whose bytes are missing, altered or unreadable is listed
and left where it is.

Exit codes: 0 all is moved; 2 some files could not be; 1 the command failed; 64 wrong usage; 130 stopped.

Examples:
  filedesk migrate-storage --from local --to s3 --dry-run
  filedesk migrate-storage --from local --to s3
  filedesk migrate-storage --from local --to s3 --delete`;

const kind = (flags: string, description: string) =>
  new Option(flags, description).choices(["local", "s3"]).makeOptionMandatory();

export function addMigrateStorageCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("migrate-storage")
    .description("move the files of a running desk from one storage to the other")
    .addOption(kind("--from <storage>", "where the files are: as STORAGE_FROM"))
    .addOption(kind("--to <storage>", "where they go: as STORAGE"))
    .option("--dry-run", "print how much would be moved, and move nothing")
    .option("--delete", "remove each file from the old storage when it has been compared in the new one")
    .option("--json", "one JSON object a line")
    .addHelpText("after", HELP)
    .action((options: MigrateStorageOptions, command: Command) => {
      if (options.from === options.to) command.error("error: --from and --to are the same storage");
      return runOnDesk(
        options,
        environment,
        async ({ services: { upkeep } }, run) => {
          const reporting = { output: run.output, reported: new Set<string>() };
          const report = await runTask(run, { name: "migrate-storage", ...options }, (more) =>
            withFindings(reporting, (onFinding) =>
              upkeep.moveFiles({ ...more, onFinding, deleteOld: options.delete }),
            ),
          );
          if (!options.dryRun) sayWhatIsNext(run.output, report, { ...options, ...run.config });
          return report.missing + report.altered + report.unreadable > 0 ? ExitCode.FINDINGS : ExitCode.OK;
        },
        (config) => assertMoving(options, config),
      );
    });
}

/** @throws Error with instructions if servers with these settings do not use both storages */
function assertMoving(
  { from, to }: MigrateStorageOptions,
  { STORAGE, STORAGE_FROM }: Pick<Config, "STORAGE" | "STORAGE_FROM">,
): void {
  if (STORAGE === to && STORAGE_FROM === from) return;
  const isNow =
    STORAGE_FROM === undefined ? `STORAGE=${STORAGE}` : `STORAGE=${STORAGE}, STORAGE_FROM=${STORAGE_FROM}`;
  throw new Error(
    `To move files from ${from} to ${to}, set STORAGE=${to} and STORAGE_FROM=${from} for servers, workers and commands, ` +
      `restart them, and run this again (now: ${isNow}). Nothing has been moved.`,
  );
}

function sayWhatIsNext(
  output: Output,
  { missing, altered, unreadable, unfinishedUploads }: MoveReport,
  { from, delete: isDeleted, UNFINISHED_UPLOAD_HOURS: hours }: MigrateStorageOptions & Config,
): void {
  const left = missing + altered + unreadable;
  if (left > 0)
    output.note(
      `${left} of the files are not moved: restore their bytes, or keep the old storage to look for them.`,
    );
  if (unfinishedUploads > 0)
    output.note(
      `Uploads are still arriving in the old storage: keep STORAGE_FROM=${from} until they are done, at most ${hours} hours.`,
    );
  else if (left === 0) output.note("Everything is moved: restart servers and workers without STORAGE_FROM.");
  if (!isDeleted)
    output.note("The old storage still has its files. Remove them by hand, or run this again with --delete.");
}
