#!/usr/bin/env node
import "reflect-metadata";
import closeWithGrace from "close-with-grace";
import { banner } from "./app/banner.js";
import { serve } from "./app/serve.js";
import { work } from "./app/work.js";
import { readConfig } from "./platform/config/config.js";
import { createLogger } from "./platform/logger.js";
import { isErrno } from "./platform/storage/errno.js";

const USAGE = `Usage: filedesk [serve | worker]

  serve    starts the server (the default)
  worker   runs jobs alone; the server leaves them to it with WORKER=off

Settings come from the environment: see .env.example.
`;

/** A file named `.env` in the folder that the server is started in; what is set already wins over it. */
function loadSettingsFile(): void {
  try {
    process.loadEnvFile(".env");
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

async function runServer(): Promise<void> {
  loadSettingsFile();
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY && !config.isProduction);
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
async function runWorker(): Promise<void> {
  loadSettingsFile();
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY && !config.isProduction);
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
    process.exitCode = 1;
    await worker.close();
  });
}

async function main([command = "serve"]: readonly string[]): Promise<void> {
  if (command === "serve") return runServer();
  if (command === "worker") return runWorker();
  process.stderr.write(USAGE);
  process.exitCode = command === "--help" || command === "help" ? 0 : 64;
}

/** What the system says in a code, with the setting that it is about. */
function inWords(error: Error): string {
  if (isErrno(error, "EADDRINUSE"))
    return `Another program listens on this port already (${error.message}). Stop it, or set PORT to another one.`;
  if (
    isErrno(error, "EADDRNOTAVAIL", "ENOTFOUND", "EACCES") &&
    "syscall" in error &&
    error.syscall === "listen"
  )
    return `The server cannot listen there (${error.message}). Set HOST and PORT.`;
  if (isErrno(error, "ECONNREFUSED", "ENOTFOUND", "CONNECT_TIMEOUT"))
    return `The database cannot be reached (${error.message}). Check DATABASE_URL.`;
  return error.message;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // A start that fails has something to say to the operator; a bug in ours has to say where it is.
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  process.stderr.write(`${isBug ? error.stack : inWords(error as Error)}\n`);
  process.exitCode = 1;
}
