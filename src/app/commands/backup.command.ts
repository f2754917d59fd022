import { resolve } from "node:path";
import type { Command } from "commander";
import type { DamagedFile } from "../backup/verify-backup.js";
import { ExitCode } from "./exit-code.js";
import type { CommandRun, OutputOptions } from "./run-command.js";
import { runCommand } from "./run-command.js";
import { runTask } from "./run-task.js";
import { withFindings } from "./with-findings.js";

const HELP = `
The folder gets the rows of the database at one moment, and the bytes of every file that they name, from a folder or a
bucket. Servers and workers keep running; until the backup is done, what is purged meanwhile stays in the trash. A second
backup into the same folder copies only what is new, and replaces the first at its end. After Ctrl-C or a crash run the
same command again; a backup that is not complete is never taken for one.

The folder contains everybody's files and the hashes of passwords, and the generated secrets if there are any: only its
owner may read it.

Exit codes: 0 all is saved; 2 some files of the desk are damaged or missing, or with --verify of the backup.

Examples:
  filedesk backup /mnt/backups/desk
  filedesk backup /mnt/backups/desk --verify`;

export function addBackupCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("backup")
    .description("save the database and all files of a running desk in a folder")
    .argument(
      "<folder>",
      "is created if it is missing; otherwise empty, or with an earlier backup of this desk",
    )
    .option("--verify", "read the backup that is there and compare it with its hashes; needs no desk")
    .option("--json", "one JSON object a line")
    .addHelpText("after", HELP)
    .action((folder: string, options: OutputOptions & { readonly verify?: boolean }) =>
      runCommand(options, environment, (run) => (options.verify ? verify(run, folder) : backUp(run, folder))),
    );
}

async function backUp(run: CommandRun, folder: string): Promise<ExitCode> {
  const { onBackedUpInstallation } = await import("../backup/open-installation.js");
  const { makeBackup } = await import("../backup/make-backup.js");
  const report = await onBackedUpInstallation(run, (deps) =>
    withFindings({ output: run.output, reported: new Set() }, (onFinding) =>
      runTask(run, { name: "backup" }, (more) => makeBackup(deps, folder, { ...more, onFinding })),
    ),
  );
  run.output.line(`The backup in ${resolve(folder)} is complete.`);
  const { missing, altered, unreadable } = report;
  if (missing + altered + unreadable === 0) return ExitCode.OK;
  run.output.note(
    "Without the files above, whose bytes the desk itself does not have: filedesk verify names them too.",
  );
  return ExitCode.FINDINGS;
}

async function verify(run: CommandRun, folder: string): Promise<ExitCode> {
  const { verifyBackup } = await import("../backup/verify-backup.js");
  const { damaged } = await withDamage(run, (onDamage) =>
    runTask(run, { name: "backup --verify" }, (more) => verifyBackup(folder, { ...more, onDamage })),
  );
  if (damaged === 0) return ExitCode.OK;
  run.output.note("Remove the damaged files, and make a backup into this folder again: it copies them anew.");
  return ExitCode.FINDINGS;
}

/** Reports damaged files of a backup: to programs at once, to people at the end. */
export async function withDamage<Report>(
  { output }: Pick<CommandRun, "output">,
  task: (onDamage: (damage: DamagedFile) => void) => Promise<Report>,
): Promise<Report> {
  const lines: string[] = [];
  try {
    return await task(({ damage, keys }) => {
      output.event("damaged", { damage, keys });
      lines.push(keys.length === 0 ? damage : `${damage}; stored as ${keys.join(", ")}`);
    });
  } finally {
    for (const line of lines) output.line(line);
  }
}
