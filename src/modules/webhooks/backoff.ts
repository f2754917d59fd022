import { DAY_MS, HOUR_MS, SECOND_MS } from "../../kernel/clock.js";

const [FIRST_MS, LONGEST_MS] = [SECOND_MS, HOUR_MS];
const JITTER = 0.2;

/** How long a delivery is tried; then its webhook is disabled. */
export const TRIED_FOR_MS = 3 * DAY_MS;

/**
 * The wait before the next attempt: a second, then twice as long each time, up to an hour, and up to a fifth more or
 * less, so that receivers are not asked for everything at the same moment.
 *
 * @param attempts that have failed
 * @param random from 0 to 1
 */
export const waitAfter = (attempts: number, random: number = Math.random()): number =>
  Math.round(
    Math.min(FIRST_MS * 2 ** Math.min(attempts - 1, 30), LONGEST_MS) * (1 - JITTER + 2 * JITTER * random),
  );
