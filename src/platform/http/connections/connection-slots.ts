import { rateLimited } from "../../../kernel/errors.js";

const RETRY_AFTER_SECONDS = 10;

/** Limits the long-lived connections of each viewer to this server, over all transports. */
export interface ConnectionSlots {
  /**
   * Takes a slot. @returns a function that releases it; idempotent @throws RATE_LIMITED if the viewer has no free slot
   */
  take(viewerKey: string): () => void;
}

export interface SlotLimit {
  /** The name of what is limited, in the error. */
  readonly policy: string;
  readonly limit: number;
  /** The error message for a viewer without a free slot. */
  readonly message: string;
}

/** Slots for websockets and event streams. */
export const createStreamSlots = (limit: number): ConnectionSlots =>
  createConnectionSlots({
    policy: "connections",
    limit,
    message: `You have ${limit} open connections, which is the limit for one person: close one first.`,
  });

/** Counts the open connections of each viewer. */
export function createConnectionSlots({ policy, limit, message }: SlotLimit): ConnectionSlots {
  const taken = new Map<string, number>();
  return {
    take(viewerKey) {
      const held = taken.get(viewerKey) ?? 0;
      if (held >= limit) throw rateLimited(message, { policy, limit, retryAfter: RETRY_AFTER_SECONDS });
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
