import type { FairSlotsOptions } from "./fair-slots.js";
import { createFairSlots } from "./fair-slots.js";
import type { FairTurns } from "./fair-turns.js";

export interface BoundedTurnsOptions {
  /** How much work runs at once. */
  readonly running: FairSlotsOptions;
  /** How much work may wait: with more, waiting would take longer than retrying. */
  readonly waiting: FairSlotsOptions;
  /** The error that is thrown before the work begins if too much work waits. */
  readonly refusal: () => Error;
}

/** As `fairTurns`, with a bound on those who wait. */
export function boundedTurns({ running, waiting, refusal }: BoundedTurnsOptions): FairTurns {
  const slots = createFairSlots(running);
  const queued = new Map<string, number>();
  let total = 0;

  async function wait(key: string): Promise<void> {
    const own = queued.get(key) ?? 0;
    if (total >= waiting.total || own >= waiting.perKey) throw refusal();
    total++;
    queued.set(key, own + 1);
    await new Promise<void>((begin) => slots.take(key, begin));
    total--;
    const left = (queued.get(key) ?? 1) - 1;
    if (left > 0) queued.set(key, left);
    else queued.delete(key);
  }

  return async (key, work) => {
    if (!slots.tryTake(key)) await wait(key);
    try {
      return await work();
    } finally {
      slots.release(key);
    }
  };
}
