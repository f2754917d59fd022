import type { FairSlotsOptions } from "./fair-slots.js";
import { createFairSlots } from "./fair-slots.js";

/** Runs one piece of work of a party when it is its turn. */
export type FairTurns = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

/** Lets so many pieces of work run at once. Waiting parties take turns, so a party with a hundred pieces of work delays only its own. */
export function fairTurns(options: FairSlotsOptions): FairTurns {
  const slots = createFairSlots(options);
  return async (key, work) => {
    await new Promise<void>((begin) => slots.take(key, begin));
    try {
      return await work();
    } finally {
      slots.release(key);
    }
  };
}
