/** Slots that several parties share. No party gets more than its limit. */
export interface FairSlots {
  /** Takes a slot if one is free. */
  tryTake(key: string): boolean;
  /**
   * Begins as soon as there is a slot: at once when one is free.
   *
   * @returns what gives up waiting; without an effect once it has begun
   */
  take(key: string, begin: () => void): () => void;
  /** Gives a slot back, to whoever waits and is next. */
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

/** Waiting parties take turns, so a party with a thousand requests delays only its own. */
export function createFairSlots({ total, perKey }: FairSlotsOptions): FairSlots {
  /** Those that hold or wait for something, in the order of their turns. */
  const parties = new Map<string, Party>();
  let active = 0;

  const isFree = (party: Party | undefined) => active < total && (party?.active ?? 0) < perKey;

  function occupy(key: string): void {
    const party = parties.get(key) ?? { active: 0, waiting: [] };
    party.active++;
    active++;
    // To the end of the order: it has had its turn.
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
    const place = party?.waiting.indexOf(begin) ?? -1;
    if (!party || place < 0) return;
    party.waiting.splice(place, 1);
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
