import type { Logger } from "pino";
import { SECOND_MS } from "../../../kernel/clock.js";

const LOG_AGAIN_AFTER_MS = 10 * SECOND_MS;

/**
 * Logs a fault as a warning at most every 10 seconds, and its repetitions at `debug`: while the database is
 * unavailable, the same fault occurs again and again.
 */
export function throttledWarning(log: Logger): (error: unknown) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isRepeated = performance.now() - loggedAt < LOG_AGAIN_AFTER_MS;
    if (!isRepeated) loggedAt = performance.now();
    log[isRepeated ? "debug" : "warn"](
      { err: error },
      "events cannot be delivered now; the delivery is retried",
    );
  };
}
