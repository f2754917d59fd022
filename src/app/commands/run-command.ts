import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import type { OpenDesk } from "../server/open-desk.js";
import { stopRequest } from "../server/stop-request.js";
import { describeStartError } from "../startup/start-faults.js";
import { ExitCode } from "./exit-code.js";
import type { Output } from "./output.js";

// Modules are loaded when a command runs, so that `--help` and wrong usage are answered at once, and a command only
// loads what it needs.

/** The tools of a command. */
export interface CommandRun {
  readonly config: Config;
  readonly log: Logger;
  readonly output: Output;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface OutputOptions {
  readonly json?: boolean;
}

/**
 * Runs a command and sets the exit code. The first Ctrl-C asks it to stop between two items, the second ends it at
 * once; neither leaves an item half done.
 */
export async function runCommand(
  options: OutputOptions,
  environment: NodeJS.ProcessEnv,
  work: (run: CommandRun) => Promise<ExitCode>,
): Promise<void> {
  const { createOutput } = await import("./output.js");
  const output = createOutput(options);
  const { signal } = stopRequest();
  signal.addEventListener("abort", () => output.note("Stopping; press Ctrl-C again to end at once."));
  try {
    signal.throwIfAborted();
    const { readConfig } = await import("../../platform/config/config.js");
    const config = readConfig(environment);
    const { destination } = await import("pino");
    const { createLogger } = await import("../../platform/logger.js");
    // A command prints its own results; only errors are logged.
    const log = createLogger(config.LOG_LEVEL === "info" ? "error" : config.LOG_LEVEL, {
      destination: destination(2),
    });
    const code = await work({ config, log, output, signal });
    process.exitCode = code;
  } catch (error) {
    process.exitCode = signal.aborted ? ExitCode.INTERRUPTED : ExitCode.FAILED;
    const message = signal.aborted ? "Stopped." : describeStartError(error as Error);
    output.event("error", { message });
    output.note(message);
  }
}

/**
 * As `runCommand`, with the desk open, beside a server on the same data folder or without one.
 *
 * @param assertFits throws if the command does not fit the settings, before anything is opened
 */
export const runOnDesk = (
  options: OutputOptions,
  environment: NodeJS.ProcessEnv,
  work: (desk: OpenDesk, run: CommandRun) => Promise<ExitCode>,
  assertFits: (config: Config) => void = () => {},
): Promise<void> =>
  runCommand(options, environment, async (run) => {
    assertFits(run.config);
    const { openDesk } = await import("../server/open-desk.js");
    const desk = await openDesk({ ...run, role: "command" });
    try {
      return await work(desk, run);
    } finally {
      await desk.close();
    }
  });
