import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import type { OpenDesk } from "../server/open-desk.js";
import { stopRequest } from "../server/stop-request.js";
import { describeFault } from "../startup/start-faults.js";
import { ExitCode } from "./exit-code.js";
import type { Output } from "./output.js";

// What runs a command is loaded when one is run: `--help` and wrong usage are answered at once, and a command waits only
// for what it needs itself.

/** What a command has to work with. */
export interface CommandRun {
  readonly config: Config;
  readonly log: Logger;
  readonly output: Output;
  /** Aborted by Ctrl-C, and by SIGTERM. */
  readonly signal: AbortSignal;
}

export interface OutputOptions {
  readonly json?: boolean;
}

/**
 * Runs a command to its end and sets the exit code. Its first Ctrl-C asks it to stop between two items, its second ends
 * it at once: either way nothing is left half done.
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
    const { destination, pino } = await import("pino");
    // A command prints its own results; only errors are logged besides.
    const log = pino({ level: config.LOG_LEVEL === "info" ? "error" : config.LOG_LEVEL }, destination(2));
    const code = await work({ config, log, output, signal });
    process.exitCode = code;
  } catch (error) {
    process.exitCode = signal.aborted ? ExitCode.INTERRUPTED : ExitCode.FAILED;
    const message = signal.aborted ? "Stopped." : describeFault(error as Error);
    output.event("error", { message });
    output.note(message);
  }
}

/** As `runCommand`, with the desk open: beside a server that runs on the same data folder, or without one. */
export const runOnDesk = (
  options: OutputOptions,
  environment: NodeJS.ProcessEnv,
  work: (desk: OpenDesk, run: CommandRun) => Promise<ExitCode>,
): Promise<void> =>
  runCommand(options, environment, async (run) => {
    const { openDesk } = await import("../server/open-desk.js");
    const desk = await openDesk({ ...run, role: "command" });
    try {
      return await work(desk, run);
    } finally {
      await desk.close();
    }
  });
