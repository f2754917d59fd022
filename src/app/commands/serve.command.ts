import type { Command } from "commander";
import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import { stopRequest } from "../server/stop-request.js";
import { describeFault } from "../startup/start-faults.js";
import { ExitCode } from "./exit-code.js";

export function addServeCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("serve")
    .description("start the server (what `filedesk` alone does)")
    .action(() => run(environment, startServer));
}

export function addWorkerCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("worker")
    .description("run jobs alone; the server leaves them to workers with WORKER=off")
    .action(() => run(environment, startWorker));
}

interface StartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Aborted when the process is told to stop before it is ready. */
  readonly signal: AbortSignal;
}

/** How long it may take to close what is open when the database that it stands on has gone. */
const CLOSE_WITHOUT_DATABASE_MS = 5_000;

/** Something that runs until it is told to stop. */
interface Started {
  /** What it is called in the log. */
  readonly name: "server" | "worker";
  /** Says that it is ready. */
  announce(): void;
  close(): Promise<void>;
  /** Resolves when it cannot go on, with the reason. */
  readonly lost: Promise<string>;
}

/** Starts it, and stops it in order when the process is told to, at whatever moment that is. */
async function run(
  environment: NodeJS.ProcessEnv,
  start: (options: StartOptions) => Promise<Started>,
): Promise<void> {
  const stop = stopRequest();
  try {
    const { readConfig } = await import("../../platform/config/config.js");
    const config = readConfig(environment);
    const { createLogger } = await import("../../platform/logger.js");
    const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY && !config.isProduction);
    const { default: closeWithGrace } = await import("close-with-grace");
    const started = await start({ config, log, signal: stop.signal });
    const close = async ({ err, signal }: { err?: Error; signal?: string }) => {
      if (err) log.fatal({ err }, `the ${started.name} stops because of a fault`);
      else log.info({ signal }, `the ${started.name} stops and lets what is under way finish`);
      await started.close();
    };
    const closer = closeWithGrace({ delay: config.SHUTDOWN_SECONDS * 1_000, logger: log }, close);
    stop.release();
    if (stop.signal.aborted) return closer.close();
    started.announce();
    started.lost.then((reason) => {
      log.fatal(`the ${started.name} stops, because ${reason}`);
      closer.uninstall();
      void endWithout(started);
    });
  } catch (error) {
    // Told to stop before it was ready, it has stopped: what was open is closed again.
    if (error === stop.signal.reason) return;
    process.stderr.write(`${describeFault(error as Error)}\n`);
    process.exitCode = ExitCode.FAILED;
  }
}

/** Ends the process, for a supervisor to start it again. What cannot be closed in order without a database is cut off. */
async function endWithout(started: Started): Promise<void> {
  process.exitCode = ExitCode.FAILED;
  setTimeout(() => process.exit(), CLOSE_WITHOUT_DATABASE_MS).unref();
  await started.close().catch(() => {});
}

async function startServer(options: StartOptions): Promise<Started> {
  const { serve } = await import("../server/serve.js");
  const { banner } = await import("./banner.js");
  const { url, databaseLost, close } = await serve(options);
  const { config, log } = options;
  return {
    name: "server",
    announce() {
      if (config.isProduction) log.info({ url }, "the server is ready");
      else process.stdout.write(banner(url, config.demoData));
    },
    close,
    lost: databaseLost,
  };
}

/** Runs jobs until it is told to stop, or until a server on the same data folder stops the database that both use. */
async function startWorker(options: StartOptions): Promise<Started> {
  const { work } = await import("../server/work.js");
  const { databaseLost, close } = await work(options);
  const { config, log } = options;
  return {
    name: "worker",
    announce() {
      if (config.isProduction) log.info("the worker is ready");
      else process.stdout.write("\n  The Filedesk worker is ready. Stop it with Ctrl+C.\n\n");
    },
    close,
    lost: databaseLost,
  };
}
