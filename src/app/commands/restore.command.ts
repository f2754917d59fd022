import type { Command } from "commander";
import type { Restored, RestoreReport } from "../backup/restore-backup.js";
import { withDamage } from "./backup.command.js";
import { ExitCode } from "./exit-code.js";
import type { CommandRun, OutputOptions } from "./run-command.js";
import { runCommand } from "./run-command.js";
import { runTask } from "./run-task.js";

interface RestoreCommandOptions extends OutputOptions {
  readonly evenDamaged?: boolean;
}

const HELP = `
The database has to be empty, and so has the place of the files; both may be of another kind than those that were backed
up, such as a bucket instead of a folder. Every file is compared with its hash and read back; the rows are written last,
in one transaction. Until all is done no server starts on them. After Ctrl-C or a crash run the same command again. A
backup of an earlier version is brought up to date.

If files of the backup are damaged, they are named, and the rows are not written: with --even-damaged they are, and
filedesk verify then finds what is missing.

Exit codes: 0 all is restored; 2 the desk is restored, but some files have no bytes; 1 it is not restored.

Example:
  filedesk restore /mnt/backups/desk`;

export function addRestoreCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("restore")
    .description("restore a backup into an empty database and an empty storage")
    .argument("<folder>", "of filedesk backup")
    .option("--even-damaged", "restore the rest if some files of the backup are damaged")
    .option("--json", "one JSON object a line")
    .addHelpText("after", HELP)
    .action((folder: string, options: RestoreCommandOptions) =>
      runCommand(options, environment, (run) => restore(run, folder, options)),
    );
}

async function restore(
  run: CommandRun,
  folder: string,
  { evenDamaged }: RestoreCommandOptions,
): Promise<ExitCode> {
  const { onEmptyInstallation } = await import("../backup/open-installation.js");
  const { restoreBackup } = await import("../backup/restore-backup.js");
  let restored: Restored | undefined;
  const report = await onEmptyInstallation(run, (deps) =>
    withDamage(run, (onDamage) =>
      runTask(run, { name: "restore" }, async (more): Promise<RestoreReport> => {
        restored = await restoreBackup(deps, folder, { ...more, onDamage, evenDamaged });
        return restored.report;
      }),
    ),
  );
  if (!restored?.isComplete)
    throw new Error(
      "The desk is not restored: the files above are damaged in the backup. Everything else is in place. Repair them from a " +
        "copy and run this again, or restore without them: add --even-damaged.",
    );
  sayWhatIs(run, restored);
  await requestRenderings(run);
  return report.damaged + report.lacking > 0 ? ExitCode.FINDINGS : ExitCode.OK;
}

function sayWhatIs({ output }: CommandRun, { manifest, report, secrets }: Restored): void {
  output.line(`The desk is as it was on ${manifest.takenAt}.`);
  if (secrets === "kept")
    output.note(
      "secrets.json was there already and is kept: sign-ins and URLs of before are not valid any more.",
    );
  if (report.damaged + report.lacking > 0)
    output.note("Some files have no bytes: filedesk verify names them.");
}

/** Jobs are no part of a backup: scans are found by the worker itself, renderings would wait for the night. */
async function requestRenderings(run: CommandRun): Promise<void> {
  const { openDesk } = await import("../server/open-desk.js");
  const desk = await openDesk({ ...run, role: "command" });
  try {
    const requested = await desk.services.upkeep.requestUnrendered(run);
    run.output.event("renderings", { requested });
    if (requested > 0) run.output.line(`Variants of ${requested} files are enqueued.`);
  } finally {
    await desk.close();
  }
}
