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

/**
 * As `fairTurns`, with a bound on those who wait. When it is reached, a newcomer takes the place of the latest that waits
 * of whoever has most waiting, so that nobody keeps others out by waiting in large numbers.
 */
export function boundedTurns({ running, waiting, refusal }: BoundedTurnsOptions): FairTurns {
  const slots = createFairSlots(running);
  /** What refuses those who wait, by key, the latest last. */
  const queued = new Map<string, (() => void)[]>();
  let total = 0;

  /** @param own how many of the newcomer's wait already */
  function makeRoom(own: number): void {
    let most: (() => void)[] = [];
    for (const queue of queued.values()) if (queue.length > most.length) most = queue;
    // With one more, the newcomer would wait as much as they do without one.
    if (most.length <= own + 1) throw refusal();
    most.at(-1)?.();
  }

  async function wait(key: string): Promise<void> {
    const queue = queued.get(key) ?? [];
    if (queue.length >= waiting.perKey) throw refusal();
    if (total >= waiting.total) makeRoom(queue.length);
    total++;
    queued.set(key, queue);
    await new Promise<void>((begin, refuse) => {
      const leave = (): void => {
        total--;
        queue.splice(queue.indexOf(refuseThis), 1);
        if (queue.length === 0) queued.delete(key);
      };
      const refuseThis = (): void => {
        giveUp();
        leave();
        refuse(refusal());
      };
      queue.push(refuseThis);
      const giveUp = slots.take(key, () => {
        leave();
        begin();
      });
    });
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
