import closeWithGrace from "close-with-grace";
import type { Command } from "commander";
import { readConfig } from "../../platform/config/config.js";
import { createLogger } from "../../platform/logger.js";
import { banner } from "../banner.js";
import { serve } from "../serve.js";
import { inWords } from "../start-faults.js";
import { ExitCode } from "./exit-code.js";

export function addServeCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("serve")
    .description("start the server (what `filedesk` alone does)")
    .action(async () => {
      try {
        await runServer(environment);
      } catch (error) {
        process.stderr.write(`${inWords(error as Error)}\n`);
        process.exitCode = ExitCode.FAILED;
      }
    });
}

async function runServer(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
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
