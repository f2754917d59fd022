/** Slots that several parties share. No party gets more than its limit. */
export interface FairSlots {
  /** Takes a slot if one is free. */
  tryTake(key: string): boolean;
  /**
   * Calls `begin` when a slot is free, synchronously if one is.
   *
   * @returns a function that cancels waiting; it has no effect after `begin`
   */
  take(key: string, begin: () => void): () => void;
  /** Releases a slot and gives it to the next waiting party. */
  release(key: string): void;
}

export interface FairSlotsOptions {
  readonly total: number;
  readonly perKey: number;
}

interface Party {
  active: number;
  readonly waiting: (() => void)[];
}

/** Waiting parties take turns, so a party with a thousand requests only delays its own. */
export function createFairSlots({ total, perKey }: FairSlotsOptions): FairSlots {
  /** Parties that hold or wait for slots, in the order of their turns. */
  const parties = new Map<string, Party>();
  let active = 0;

  const isFree = (party: Party | undefined) => active < total && (party?.active ?? 0) < perKey;

  function occupy(key: string): void {
    const party = parties.get(key) ?? { active: 0, waiting: [] };
    party.active++;
    active++;
    // Moves the party to the end, because it has had its turn.
    parties.delete(key);
    parties.set(key, party);
  }

  function nextInTurn(): string | undefined {
    if (active >= total) return;
    for (const [key, party] of parties) if (party.waiting.length > 0 && party.active < perKey) return key;
    return;
  }

  function giveUp(key: string, begin: () => void): void {
    const party = parties.get(key);
    const index = party?.waiting.indexOf(begin) ?? -1;
    if (!party || index < 0) return;
    party.waiting.splice(index, 1);
    if (party.active === 0 && party.waiting.length === 0) parties.delete(key);
  }

  return {
    tryTake(key) {
      const party = parties.get(key);
      if (!isFree(party) || party?.waiting.length) return false;
      occupy(key);
      return true;
    },
    take(key, begin) {
      const party = parties.get(key) ?? { active: 0, waiting: [] };
      if (isFree(party) && party.waiting.length === 0) {
        occupy(key);
        begin();
        return () => {};
      }
      party.waiting.push(begin);
      parties.set(key, party);
      return () => giveUp(key, begin);
    },
    release(key) {
      const party = parties.get(key);
      if (!party) return;
      party.active--;
      active--;
      if (party.active === 0 && party.waiting.length === 0) parties.delete(key);
      const next = nextInTurn();
      if (next === undefined) return;
      const begin = parties.get(next)?.waiting.shift();
      occupy(next);
      begin?.();
    },
  };
}
