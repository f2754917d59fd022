import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";

/** Loaded into a server before its own code: starts a profile at the first signal, and writes it at exit. */
const folder = process.env.PROFILE_FOLDER ?? ".";
const session = new Session();
session.connect();

process.once("SIGWINCH", () => {
  session.post("Profiler.enable");
  session.post("Profiler.start");
  process.once("exit", () => {
    session.post("Profiler.stop", (_error, { profile }) => {
      writeFileSync(join(folder, `${process.pid}.cpuprofile`), JSON.stringify(profile));
    });
  });
});
