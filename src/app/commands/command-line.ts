import { Command, CommanderError } from "commander";
import { addAdoptStorageCommand } from "./adopt-storage.command.js";
import { addApiKeyCommand } from "./api-key.command.js";
import { addAuditCommand } from "./audit.command.js";
import { addBackupCommand } from "./backup.command.js";
import { addDoctorCommand } from "./doctor.command.js";
import { ExitCode } from "./exit-code.js";
import { addImportCommand } from "./import.command.js";
import { addMigrateCommand } from "./migrate.command.js";
import { addMigrateStorageCommand } from "./migrate-storage.command.js";
import { addRenderCommand } from "./render.command.js";
import { addReportCommand } from "./report.command.js";
import { addRescanCommand } from "./rescan.command.js";
import { addRestoreCommand } from "./restore.command.js";
import { addSeedCommand } from "./seed.command.js";
import { addServeCommand, addWorkerCommand } from "./serve.command.js";
import { addTokenCommand } from "./token.command.js";
import { addPurgeCommand, addSweepCommand, addVerifyCommand } from "./upkeep.command.js";
import { addUserCommand } from "./user.command.js";

const HELP = `
Settings come from the environment and from a file .env in the current folder: see .env.example.
Commands may run beside a server on the same data folder. For more, run a command with --help.

Exit codes: 0 success; 1 the command failed; 2 it succeeded, but some items failed or are not
as it should be; 64 wrong usage; 130 stopped by Ctrl-C.`;

const COMMANDS: readonly ((program: Command, environment: NodeJS.ProcessEnv) => void)[] = [
  addServeCommand,
  addWorkerCommand,
  addMigrateCommand,
  addSeedCommand,
  addImportCommand,
  addReportCommand,
  addVerifyCommand,
  addRenderCommand,
  addRescanCommand,
  addPurgeCommand,
  addSweepCommand,
  addBackupCommand,
  addRestoreCommand,
  addMigrateStorageCommand,
  addAdoptStorageCommand,
  addDoctorCommand,
  addTokenCommand,
  addUserCommand,
  addApiKeyCommand,
  addAuditCommand,
];

/**
 * Runs the command line and sets the process's exit code.
 *
 * @param args without the program's name; none starts the server
 */
export async function runCommandLine(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const program = new Command("filedesk")
    .description("Filedesk: the API server of a support desk, and tools for its operator")
    .addHelpText("after", HELP)
    .showSuggestionAfterError()
    .exitOverride();
  for (const add of COMMANDS) add(program, environment);
  try {
    await program.parseAsync(args.length > 0 ? [...args] : ["serve"], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  }
}
