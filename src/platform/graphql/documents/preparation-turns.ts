import { setImmediate as nextIteration, setTimeout as wait } from "node:timers/promises";
import { boundedTurns } from "../../../kernel/bounded-turns.js";
import { rateLimited } from "../../../kernel/errors.js";
import { fairTurns } from "../../../kernel/fair-turns.js";

/** The sender of requests: a viewer, or a network address without a sign-in. */
export interface Caller {
  /** A caller with many keys would have many turns. */
  readonly key: string;
  readonly isAnonymous: boolean;
}

/**
 * Turns in which unknown documents are prepared: parsed, validated, measured, compiled. Each of these steps blocks the
 * event loop for milliseconds, so a few callers with a new document in each request could occupy it completely.
 */
export interface PreparationTurns {
  /**
   * Resolves when it is this caller's turn. One document is prepared at a time, and waiting callers take turns. If
   * callers with and without a sign-in wait, they alternate, however many there are of either.
   *
   * @returns a function that ends the turn; idempotent. Nobody else has a turn until it is called
   * @throws RATE_LIMITED if too many documents are waiting: of this caller, or in total with or without a sign-in; then
   *   the caller with the most waiting documents is refused
   */
  begin(caller: Caller): Promise<EndTurn>;
}

export type EndTurn = () => void;

/**
 * An app sends some dozens of documents at once when it first connects to a server. Applies to callers with and without
 * a sign-in separately.
 */
const WAITING = { total: 1_000, perKey: 100 };
const RETRY_AFTER_SECONDS = 1;

/** Longer pauses have no benefit: all other work has run by then. */
const MAX_REST_MS = 50;

/**
 * Each turn is followed by a pause of the same length, so that preparation takes at most half of the event loop's time,
 * and less if the loop is busy, because turns take longer then. Known documents need no turn.
 */
export function createPreparationTurns(): PreparationTurns {
  const one = { total: 1, perKey: 1 };
  const ofAll = fairTurns(one);
  const signedIn = boundedTurns({ running: one, waiting: WAITING, refusal });
  const anonymous = boundedTurns({ running: one, waiting: WAITING, refusal });
  return {
    begin: ({ key, isAnonymous }) =>
      new Promise((resolve, reject) => {
        const inTurn = isAnonymous ? anonymous : signedIn;
        const turn = async () => {
          const since = performance.now();
          await new Promise<void>((end) => resolve(end));
          await rest(performance.now() - since);
        };
        inTurn(key, () => ofAll(isAnonymous ? "anonymous" : "signed in", turn)).catch(reject);
      }),
  };
}

const refusal = () =>
  rateLimited(
    `Too many operations that this server has not seen before are waiting. Send fewer of them at once, use variables instead of values in their text, and try again in ${RETRY_AFTER_SECONDS} second.`,
    { policy: "new-operations-waiting", limit: WAITING.perKey, retryAfter: RETRY_AFTER_SECONDS },
  );

async function rest(ms: number): Promise<void> {
  await pause();
  if (ms >= 1) await wait(Math.min(ms, MAX_REST_MS));
}

/** Yields to the event loop between two steps of a preparation, each of which may take milliseconds. */
export const pause = async (): Promise<void> => {
  await nextIteration();
};
