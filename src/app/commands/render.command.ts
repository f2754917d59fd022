import type { Command } from "commander";
import { ExitCode } from "./exit-code.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";
import { runTask } from "./run-task.js";

export function addRenderCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("render")
    .description("render failed variants again")
    .requiredOption("--failed", "of all files whose variants failed, for whatever reason")
    .option("--dry-run", "print the number of files, and enqueue nothing")
    .option("--json", "one JSON object a line")
    .addHelpText(
      "after",
      `
A server or a worker renders them. What failed for lack of space, or of the storage or the database, is tried again by
itself in a quarter of an hour, then after ever longer pauses for five days: this is for who has made room and does not
want to wait. A picture that no decoder reads fails again.

Example:
  filedesk render --failed`,
    )
    .action((options: OutputOptions & { readonly dryRun?: boolean }) =>
      runOnDesk(options, environment, async ({ services: { upkeep } }, run) => {
        await runTask(run, { name: "retry-renderings", ...options }, (more) =>
          upkeep.retryRenderings({ ...more, all: true }),
        );
        return ExitCode.OK;
      }),
    );
}
