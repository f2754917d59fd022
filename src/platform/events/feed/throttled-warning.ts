import type { Logger } from "pino";
import { SECOND_MS } from "../../../kernel/clock.js";

const LOG_AGAIN_AFTER_MS = 10 * SECOND_MS;

/** While the database is away, the same fault comes again and again: the others are in the log at `debug`. */
export function throttledWarning(log: Logger): (error: unknown) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isRepeated = performance.now() - loggedAt < LOG_AGAIN_AFTER_MS;
    if (!isRepeated) loggedAt = performance.now();
    log[isRepeated ? "debug" : "warn"]({ err: error }, "events cannot be told now; it is tried again");
  };
}
