import type { Command } from "commander";
import type { Rescanned } from "../../modules/media/scanning/scan.repository.js";
import { ExitCode } from "./exit-code.js";
import { moment } from "./option-values.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";
import { runTask } from "./run-task.js";

interface RescanOptions extends OutputOptions {
  readonly dryRun?: boolean;
  readonly notScanned?: boolean;
  readonly quarantined?: boolean;
  readonly scannedBefore?: Date;
}

export function addRescanCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command("rescan")
    .description("scan stored files for malware again")
    .option("--not-scanned", "only files without a scan, as from before there was a scanner")
    .option("--quarantined", "only files in quarantine")
    .option("--scanned-before <time>", "only files last scanned before, such as 2026-11-30", moment)
    .option("--dry-run", "print the number of files, and enqueue nothing")
    .option("--json", "one JSON object a line")
    .addHelpText(
      "after",
      `
Servers and workers scan them, one company after the other in turns. A file stays as it is until something is detected
in it; then it is moved to quarantine. A file in quarantine stays there, whatever the scanner says. Equal files count once.

Examples:
  filedesk rescan --not-scanned
  filedesk rescan --scanned-before 2026-11-30T04:00:00Z`,
    );
  command.action((options: RescanOptions) => {
    if (SELECTIONS.filter((name) => options[name] !== undefined).length > 1)
      command.error("error: --not-scanned, --quarantined and --scanned-before exclude each other");
    return runOnDesk(options, environment, async ({ services }, run) => {
      if (!services.scanner.isOn) {
        run.output.line("No scanner is on: set SCANNER and CLAMD_URL, here and for servers and workers.");
        return ExitCode.FAILED;
      }
      await runTask(run, { name: "rescan", ...options }, (more) =>
        services.rescan({ ...more, which: whichOf(options) }),
      );
      return ExitCode.OK;
    });
  });
}

const SELECTIONS = ["notScanned", "quarantined", "scannedBefore"] as const;

function whichOf({ notScanned, quarantined, scannedBefore }: RescanOptions): Rescanned {
  if (notScanned) return "not scanned";
  if (quarantined) return "quarantined";
  return scannedBefore === undefined ? "all" : { scannedBefore };
}
