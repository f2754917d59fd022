import type { Command } from "commander";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import type { Config } from "../../platform/config/config.js";
import { stopRequest } from "../server/stop-request.js";
import { describeStartError } from "../startup/start-faults.js";
import { ExitCode } from "./exit-code.js";

export function addServeCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("serve")
    .description("start the server (the default of `filedesk`)")
    .action(() => run(environment, startServer));
}

export function addWorkerCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("worker")
    .description("run only jobs; with WORKER=off the server leaves them to workers")
    .action(() => run(environment, startWorker));
}

interface StartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Aborts when the process is asked to stop before it is ready. */
  readonly signal: AbortSignal;
}

/** How long closing may take after the database has ended. */
const CLOSE_WITHOUT_DATABASE_MS = 5_000;

/** A process that runs until it is asked to stop. */
interface Started {
  /** Its name in the log. */
  readonly name: "server" | "worker";
  /** Prints or logs that it is ready. */
  announce(): void;
  /** Before `close` when it is asked to stop: it may let others notice. */
  announceClose?(): Promise<void>;
  close(): Promise<void>;
  /** Resolves with the reason when it cannot continue. */
  readonly lost: Promise<string>;
}

/** Starts a server or worker, and stops it in order when the process is asked to, even during the start. */
async function run(
  environment: NodeJS.ProcessEnv,
  start: (options: StartOptions) => Promise<Started>,
): Promise<void> {
  const stop = stopRequest();
  try {
    const { readConfig } = await import("../../platform/config/config.js");
    const config = readConfig(environment);
    const { createLogger } = await import("../../platform/logger.js");
    const log = createLogger(config.LOG_LEVEL, {
      forPeople: process.stdout.isTTY && !config.isProduction,
    });
    const { default: closeWithGrace } = await import("close-with-grace");
    const started = await start({ config, log, signal: stop.signal });
    const close = async ({ err, signal }: { err?: Error; signal?: string }) => {
      if (err) log.fatal({ err }, `the ${started.name} stops because of a fault`);
      else log.info({ signal }, `the ${started.name} stops after finishing its running work`);
      if (!err) await started.announceClose?.();
      await started.close();
    };
    // The announcement takes a second more than its delay.
    const seconds = config.SHUTDOWN_DELAY_SECONDS + 1 + config.SHUTDOWN_SECONDS;
    const closer = closeWithGrace({ delay: seconds * SECOND_MS, logger: log }, close);
    stop.release();
    if (stop.signal.aborted) return closer.close();
    started.announce();
    started.lost.then((reason) => {
      log.fatal(`the ${started.name} stops, because ${reason}`);
      closer.uninstall();
      void endWithout(started);
    });
  } catch (error) {
    // Stopped during the start: everything that was opened is closed again.
    if (error === stop.signal.reason) return;
    process.stderr.write(`${describeStartError(error as Error)}\n`);
    process.exitCode = ExitCode.FAILED;
  }
}

/**
 * Ends the process, so that a supervisor can restart it. What cannot be closed without a database is cut off after a
 * timeout.
 */
async function endWithout(started: Started): Promise<void> {
  process.exitCode = ExitCode.FAILED;
  setTimeout(() => process.exit(), CLOSE_WITHOUT_DATABASE_MS).unref();
  await started.close().catch(() => {});
}

async function startServer(options: StartOptions): Promise<Started> {
  const { serve } = await import("../server/serve.js");
  const { banner } = await import("./banner.js");
  const { url, databaseLost, announceClose, close } = await serve(options);
  const { config, log } = options;
  return {
    name: "server",
    announce() {
      if (config.isProduction) log.info({ url }, "the server is ready");
      else process.stdout.write(banner(url, config.demoData));
    },
    announceClose,
    close,
    lost: databaseLost,
  };
}

/** Runs jobs until it is asked to stop, or until a server on the same data folder stops the database that both use. */
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
