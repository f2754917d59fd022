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
 * As `fairTurns`, with a limit on waiting work. If it is reached, new work replaces the most recent work of the party
 * with the most waiting work, so that no party can block others with large numbers.
 */
export function boundedTurns({ running, waiting, refusal }: BoundedTurnsOptions): FairTurns {
  const slots = createFairSlots(running);
  /** Functions that refuse waiting work, by key, the most recent last. */
  const queued = new Map<string, (() => void)[]>();
  let total = 0;

  /** @param own how much work of the same party is already waiting */
  function makeRoom(own: number): void {
    let most: (() => void)[] = [];
    for (const queue of queued.values()) if (queue.length > most.length) most = queue;
    // No other party has clearly more waiting work than this one.
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
