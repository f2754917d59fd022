import type { Command } from "commander";
import type { OutputOptions } from "./run-command.js";
import { runCommand } from "./run-command.js";

export function addDoctorCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("doctor")
    .description("print the effective settings and check the installation; changes nothing")
    .option("--json", "one JSON object a line")
    .addHelpText("after", "\nExit codes: 0 no problems; 2 problems found; 1 the configuration is invalid.")
    .action((options: OutputOptions) =>
      runCommand(options, environment, async (run) => {
        const { runDoctor } = await import("./run-doctor.js");
        return runDoctor(run, environment);
      }),
    );
}
