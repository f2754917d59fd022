import type { Command } from "commander";
import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import { inWords } from "../start-faults.js";
import { ExitCode } from "./exit-code.js";

export function addServeCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("serve")
    .description("start the server (what `filedesk` alone does)")
    .action(() => start(environment, runServer));
}

export function addWorkerCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("worker")
    .description("run jobs alone; the server leaves them to workers with WORKER=off")
    .action(() => start(environment, runWorker));
}

/** For what runs until it is told to stop. */
async function start(
  environment: NodeJS.ProcessEnv,
  run: (config: Config, log: Logger) => Promise<void>,
): Promise<void> {
  try {
    const { readConfig } = await import("../../platform/config/config.js");
    const config = readConfig(environment);
    const { createLogger } = await import("../../platform/logger.js");
    await run(config, createLogger(config.LOG_LEVEL, process.stdout.isTTY && !config.isProduction));
  } catch (error) {
    process.stderr.write(`${inWords(error as Error)}\n`);
    process.exitCode = ExitCode.FAILED;
  }
}

/** Ahead of the start: who reads that we are ready may send a signal at once. */
const loadCloseWithGrace = async () => (await import("close-with-grace")).default;

async function runServer(config: Config, log: Logger): Promise<void> {
  const { serve } = await import("../serve.js");
  const { banner } = await import("../banner.js");
  const closeWithGrace = await loadCloseWithGrace();
  const desk = await serve({ config, log });
  if (config.isProduction) log.info({ url: desk.url }, "the server is ready");
  else process.stdout.write(banner(desk.url, config.demoData));
  closeWithGrace({ delay: config.SHUTDOWN_SECONDS * 1_000, logger: log }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, "the server stops because of a fault");
    else log.info({ signal }, "the server stops and lets what is under way finish");
    await desk.close();
  });
}

/** Runs jobs until it is told to stop, or until a server on the same data folder stops the database that both use. */
async function runWorker(config: Config, log: Logger): Promise<void> {
  const { work } = await import("../work.js");
  const closeWithGrace = await loadCloseWithGrace();
  const worker = await work({ config, log });
  if (config.isProduction) log.info("the worker is ready");
  else process.stdout.write("\n  The Filedesk worker is ready. Stop it with Ctrl+C.\n\n");
  const closer = closeWithGrace(
    { delay: config.SHUTDOWN_SECONDS * 1_000, logger: log },
    async ({ err, signal }) => {
      if (err) log.fatal({ err }, "the worker stops because of a fault");
      else log.info({ signal }, "the worker stops and lets the jobs under way finish");
      await worker.close();
    },
  );
  worker.databaseLost.then(async () => {
    log.fatal("the worker stops, because the server that runs its database has stopped");
    closer.uninstall();
    process.exitCode = ExitCode.FAILED;
    await worker.close();
  });
}
