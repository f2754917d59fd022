import { setImmediate as roundOfTheEventLoop } from "node:timers/promises";

/** How long a piece of work runs before requests have their turn. */
const MAX_PIECE_MS = 5;

/** Null while the piece of work may go on; else resolves when it may. */
export type TakeBreak = () => Promise<void> | null;

/** The end of the queue in which pieces of work wait. */
let queue: Promise<void> = Promise.resolve();

/**
 * For work of many small steps that wait for nothing, such as a walk through a file that is in memory: to be asked for
 * between the steps. When they have taken some milliseconds, other requests have their turn. In each round of the event
 * loop one piece of such work is done, however many are under way.
 */
export function createBreaks(): TakeBreak {
  let began = performance.now();
  return () => {
    if (performance.now() - began < MAX_PIECE_MS) return null;
    queue = queue.then(() => roundOfTheEventLoop());
    return queue.then(() => {
      began = performance.now();
    });
  };
}
