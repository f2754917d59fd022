import type { Command } from "commander";
import { ExitCode } from "./exit-code.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";

export function addSeedCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("seed")
    .description("add the demo's companies, people and tickets, unless they exist")
    .option("--json", "one JSON object a line")
    .option("--force", "in production as well: the demo's people have a password that everybody knows")
    .action((options: OutputOptions & { force?: boolean }) =>
      runOnDesk(options, environment, async (desk, { config, output }) => {
        if (config.isProduction && !options.force)
          throw new Error(
            "In production the demo's people, an administrator among them, would have a password that everybody knows. Use --force to do it anyway.",
          );
        const { DEMO_ADMIN, DEMO_PASSWORD } = await import("../demo/demo-people.js");
        const { seedDemo } = await import("../demo/seed-demo.js");
        await seedDemo(desk.database, desk.services);
        output.event("done", { admin: DEMO_ADMIN });
        output.line(
          `The demo data is complete. Sign in as ${DEMO_ADMIN} with the password ${DEMO_PASSWORD}.`,
        );
        return ExitCode.OK;
      }),
    );
}
