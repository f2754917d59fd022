import type { Command } from "commander";
import type { OutputOptions } from "./run-command.js";
import { runCommand } from "./run-command.js";

export function addDoctorCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("doctor")
    .description("say what is in force and whether everything is in order; changes nothing")
    .option("--json", "one JSON object a line")
    .addHelpText(
      "after",
      "\nExit codes: 0 all is well; 2 something has to be mended; 1 the configuration is wrong.",
    )
    .action((options: OutputOptions) =>
      runCommand(options, environment, async (run) => {
        const { runDoctor: examine } = await import("./run-doctor.js");
        return examine(run, environment);
      }),
    );
}
