#!/usr/bin/env node
import { stopRequest } from "./app/server/stop-request.js";
import { isErrno } from "./kernel/errno.js";

// Loading the rest takes a while, in which the process may be told to stop.
stopRequest();

/** A file named `.env` in the folder that the command is started in; what is set already wins over it. */
function loadSettingsFile(): void {
  try {
    process.loadEnvFile(".env");
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

// Who reads our output may stop reading: `filedesk import … | head`.
process.stdout.on("error", (error) => {
  if (!isErrno(error, "EPIPE")) throw error;
});
loadSettingsFile();
await import("reflect-metadata");
const { runCommandLine } = await import("./app/commands/command-line.js");
await runCommandLine(process.argv.slice(2), process.env);
