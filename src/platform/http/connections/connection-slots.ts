import { rateLimited } from "../../../kernel/errors.js";

const RETRY_AFTER_SECONDS = 10;

/** How many connections that stay open one viewer may have on this server, whichever way they come in. */
export interface ConnectionSlots {
  /** Takes a place. @returns what gives it back, once @throws RATE_LIMITED when the viewer has them all */
  take(viewerKey: string): () => void;
}

const ofConnections = (limit: number) =>
  `You have ${limit} open connections, which is as many as one person may have: close one first.`;

/**
 * Counts the open connections of each viewer.
 *
 * @param refusal what somebody is told who has them all
 */
export function createConnectionSlots(limit: number, refusal = ofConnections(limit)): ConnectionSlots {
  const taken = new Map<string, number>();
  return {
    take(viewerKey) {
      const held = taken.get(viewerKey) ?? 0;
      if (held >= limit) throw rateLimited(refusal, RETRY_AFTER_SECONDS);
      taken.set(viewerKey, held + 1);
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        const left = (taken.get(viewerKey) ?? 1) - 1;
        if (left > 0) taken.set(viewerKey, left);
        else taken.delete(viewerKey);
      };
    },
  };
}
