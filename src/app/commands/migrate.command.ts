import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { ExitCode } from "./exit-code.js";
import type { OutputOptions } from "./run-command.js";
import { runCommand } from "./run-command.js";

export function addMigrateCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("migrate")
    .description("apply pending migrations (the server does it at startup as well)")
    .option("--dry-run", "print pending migrations and change nothing; exit code 2 if there are any")
    .option("--json", "one JSON object a line")
    .action((options: OutputOptions & { dryRun?: boolean }) =>
      runCommand(options, environment, async ({ config, log, output }) => {
        const { migrateDatabase, pendingMigrations } = await import("../startup/migrate-database.js");
        const { findDatabase } = await import("../startup/find-database.js");
        const dataFolder = resolve(config.FILEDESK_DATA);
        await mkdir(dataFolder, { recursive: true });
        const database = await findDatabase({ config, dataFolder, log, role: "command" });
        try {
          const pending = await pendingMigrations(database);
          const { granted } = options.dryRun
            ? { granted: null }
            : await migrateDatabase(database, config.AUDIT_DAYS);
          output.event("done", { pending, granted, dryRun: options.dryRun ?? false });
          for (const name of pending) output.line(options.dryRun ? `missing: ${name}` : `applied: ${name}`);
          if (pending.length === 0) output.line("The schema is up to date.");
          if (granted !== null)
            output.line(`The role ${granted} may use the tables, and only add to the audit log.`);
          return options.dryRun && pending.length > 0 ? ExitCode.FINDINGS : ExitCode.OK;
        } finally {
          await database.close();
        }
      }),
    );
}
