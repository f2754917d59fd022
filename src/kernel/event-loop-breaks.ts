import { setImmediate as nextIteration } from "node:timers/promises";

/** How long a piece of work runs before it yields to requests. */
const MAX_PIECE_MS = 5;
/** Steps between two readings of the clock, which on some virtual machines costs more than a step. */
const STEPS_BETWEEN_CHECKS = 8;

/** Returns null if the work may continue, otherwise a promise that resolves when it may. */
export type TakeBreak = () => Promise<void> | null;

/** The end of the queue of waiting pieces of work. */
let queue: Promise<void> = Promise.resolve();

/**
 * Lets long synchronous work, such as parsing a file in memory, yield to the event loop. The work calls the returned
 * function between its steps and awaits the result. After some milliseconds it pauses, and each iteration of the event
 * loop runs one piece of such work, however many are in progress.
 */
export function createBreaks(): TakeBreak {
  let began = performance.now();
  let steps = 0;
  return () => {
    if (++steps % STEPS_BETWEEN_CHECKS !== 0 || performance.now() - began < MAX_PIECE_MS) return null;
    queue = queue.then(() => nextIteration());
    return queue.then(() => {
      began = performance.now();
    });
  };
}
