import type { Observe } from "../telemetry/observe.js";
import type { StagingArea, StagingWriter } from "./staging-area.js";

/**
 * The same staging area, whose operations are observed as `staging.<method>`. There are too many writes to observe each:
 * only those that fail are. A sweep is not observed, because its time is that of its caller.
 */
export const observeStaging = (area: StagingArea, observe: Observe): StagingArea => ({
  has: (name) => observe("staging.has", () => area.has(name)),
  continueAt: async (name, offset) =>
    observeWriter(await observe("staging.continueAt", () => area.continueAt(name, offset)), observe),
  open: (name, size) => observe("staging.open", () => area.open(name, size)),
  remove: (names) => observe("staging.remove", () => area.remove(names)),
  sweep: (options) => area.sweep(options),
});

const observeWriter = (writer: StagingWriter, observe: Observe): StagingWriter => ({
  write: (chunk) =>
    writer.write(chunk).catch((error: unknown) => observe("staging.write", () => Promise.reject(error))),
  sync: () => observe("staging.sync", () => writer.sync()),
  checkpoint: () => observe("staging.checkpoint", () => writer.checkpoint()),
  close: () => writer.close(),
});
