import type { Logger } from "pino";
import { SECOND_MS } from "../../../kernel/clock.js";

const TELL_AGAIN_AFTER_MS = 10 * SECOND_MS;

/** While the database is away, the same fault comes again and again: the others are in the log at `debug`. */
export function seldom(log: Logger): (error: unknown) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isRepeated = performance.now() - toldAt < TELL_AGAIN_AFTER_MS;
    if (!isRepeated) toldAt = performance.now();
    log[isRepeated ? "debug" : "warn"]({ err: error }, "events cannot be told now; it is tried again");
  };
}
