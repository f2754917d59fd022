import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { ExitCode } from "./exit-code.js";
import type { OutputOptions } from "./run-command.js";
import { runCommand } from "./run-command.js";

export function addAdoptStorageCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("adopt-storage")
    .description("mark this database and these files as belonging together, after a restore or a move")
    .option("--yes", "do it; without it the command only prints the findings")
    .option("--json", "one JSON object a line")
    .addHelpText(
      "after",
      `
The server marks its database and its files as one installation and refuses to work on files of another one, or with a
database that is older than the files. Adopt them only when you have read what doctor says and know that they belong
together: what has no row in the database is swept, after SWEEP_TRASH_DAYS in the trash for good.

Example:
  filedesk adopt-storage --yes`,
    )
    .action((options: OutputOptions & { yes?: boolean }) =>
      runCommand(options, environment, async ({ config, log, output }) => {
        const { migrateDatabase } = await import("../startup/migrate-database.js");
        const { connectDatabase } = await import("../../platform/database/client.js");
        const { findDatabase } = await import("../startup/find-database.js");
        const { storedFiles } = await import("../startup/open-files.js");
        const { examineInstallation } = await import("../startup/examine-installation.js");
        const { adoptStorage } = await import("../startup/settle-installation.js");
        const { belongTogether } = await import("../startup/installation-texts.js");
        const dataFolder = resolve(config.FILEDESK_DATA);
        await mkdir(dataFolder, { recursive: true });
        const found = await findDatabase({ config, dataFolder, log, role: "command" });
        try {
          const { url, sessionUrl, transactionPooling } = found;
          const client = connectDatabase(url, { sessionUrl, transactionPooling, connections: 2 });
          try {
            const deps = await storedFiles(config, client.db);
            const { state, detail } = await examineInstallation(deps);
            output.event("found", { state, detail });
            output.line(detail);
            if (state === "same") return ExitCode.OK;
            if (!options.yes) return ExitCode.FINDINGS;
            await migrateDatabase(found, null);
            const { id } = await adoptStorage(deps);
            output.event("done", { id });
            output.line(`Done: ${belongTogether(id)}`);
            return ExitCode.OK;
          } finally {
            await client.close();
          }
        } finally {
          await found.close();
        }
      }),
    );
}
