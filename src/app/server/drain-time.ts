import { SECOND_MS } from "../../kernel/clock.js";
import type { Config } from "../../platform/config/config.js";

/** The part of the shutdown time that is reserved for closing the job queue and the database. */
const RESERVE_MS = 2 * SECOND_MS;

/** How long running jobs and requests may take to finish in a shutdown, before the shutdown itself times out. */
export const drainMs = ({ SHUTDOWN_SECONDS }: Pick<Config, "SHUTDOWN_SECONDS">): number =>
  Math.max(SHUTDOWN_SECONDS * SECOND_MS - RESERVE_MS, (SHUTDOWN_SECONDS * SECOND_MS) / 2);
