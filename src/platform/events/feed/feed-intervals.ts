import { SECOND_MS } from "../../../kernel/clock.js";

/** Intervals of the feed's own checks, for notifications that were lost. */
export interface FeedIntervals {
  /** Checks for events whose notification was lost. */
  readonly pollMs: number;
  /** Checks whether the rights of viewers have changed. */
  readonly checkMs: number;
  /** Announces the present viewers to other processes. */
  readonly announceMs: number;
}

export const DEFAULT_INTERVALS: FeedIntervals = {
  pollMs: SECOND_MS,
  checkMs: 5 * SECOND_MS,
  announceMs: 20 * SECOND_MS,
};

/** Runs work at an interval. A call is skipped while the previous one is running. */
export function every(intervalMs: number, work: () => Promise<void>): NodeJS.Timeout {
  let isRunning = false;
  const run = () => {
    if (isRunning) return;
    isRunning = true;
    void work().finally(() => {
      isRunning = false;
    });
  };
  return setInterval(run, intervalMs).unref();
}
