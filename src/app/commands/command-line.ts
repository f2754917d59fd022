import { Command, CommanderError } from "commander";
import { addAdoptStorageCommand } from "./adopt-storage.command.js";
import { addDoctorCommand } from "./doctor.command.js";
import { ExitCode } from "./exit-code.js";
import { addImportCommand } from "./import.command.js";
import { addMigrateCommand } from "./migrate.command.js";
import { addRenderCommand } from "./render.command.js";
import { addReportCommand } from "./report.command.js";
import { addSeedCommand } from "./seed.command.js";
import { addServeCommand, addWorkerCommand } from "./serve.command.js";
import { addTokenCommand } from "./token.command.js";
import { addPurgeCommand, addSweepCommand, addVerifyCommand } from "./upkeep.command.js";
import { addUserCommand } from "./user.command.js";

const HELP = `
Settings come from the environment and from a file .env in the current folder: see .env.example.
Commands may run beside a server on the same data folder. Each tells more with --help.

Exit codes: 0 all is well; 1 the command could not do its work; 2 it did, and some of what it worked on failed or is not
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
  addPurgeCommand,
  addSweepCommand,
  addAdoptStorageCommand,
  addDoctorCommand,
  addTokenCommand,
  addUserCommand,
];

/**
 * Runs the command line and sets the process's exit code.
 *
 * @param args without the program's own name; none starts the server
 */
export async function runCommandLine(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const program = new Command("filedesk")
    .description("Filedesk: a support desk's API server, and what its operator needs")
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
