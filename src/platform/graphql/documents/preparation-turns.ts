import { setImmediate as roundOfTheEventLoop, setTimeout as wait } from "node:timers/promises";
import { boundedTurns } from "../../../kernel/bounded-turns.js";
import { rateLimited } from "../../../kernel/errors.js";
import { fairTurns } from "../../../kernel/fair-turns.js";

/** Whoever sends requests: a viewer, or a network without a sign-in. */
export interface Caller {
  /** Whoever comes under many keys has many turns. */
  readonly key: string;
  readonly isAnonymous: boolean;
}

/**
 * Turns in which documents that are not known are prepared: read, validated, weighed, compiled. All of that runs in the
 * event loop, in pieces of milliseconds, so that a few callers with a new document in each request would take all of it.
 */
export interface PreparationTurns {
  /**
   * Resolves when it is this caller's turn. Those who wait take turns by caller, and one prepares at a time. Callers with
   * and without a sign-in have every second turn when both wait, however many there are of either.
   *
   * @returns what ends the turn. May be called more than once; nobody else has a turn until it is
   * @throws RATE_LIMITED when too many documents wait: of this caller, or of all those with or without a sign-in, and then
   *   of whoever has most of them waiting
   */
  begin(caller: Caller): Promise<EndTurn>;
}

export type EndTurn = () => void;

/** An app asks for some dozens of documents at once, the first time that it comes to a server. Of callers with, and without a sign-in. */
const WAITING = { total: 1_000, perKey: 100 };
const RETRY_AFTER_SECONDS = 1;

/** A rest longer than this helps nobody: whatever had to wait has had its turn. */
const LONGEST_REST_MS = 50;

/**
 * After each turn there is a rest of the same length, so that preparing takes half of the event loop at most, and less
 * of one that is busy: a turn is longer then. Documents that are known wait for nothing.
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
    `Too many operations wait that this server has not seen before. Send fewer of them at once, use variables instead of values in their text, and try again in ${RETRY_AFTER_SECONDS} second.`,
    RETRY_AFTER_SECONDS,
  );

async function rest(ms: number): Promise<void> {
  await pause();
  if (ms >= 1) await wait(Math.min(ms, LONGEST_REST_MS));
}

/** Lets in whatever waits for the event loop: between two phases of a preparation, as each may take milliseconds. */
export const pause = async (): Promise<void> => {
  await roundOfTheEventLoop();
};
