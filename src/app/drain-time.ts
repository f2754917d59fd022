import { SECOND_MS } from "../kernel/clock.js";
import type { Config } from "../platform/config/config.js";

/** What is kept of the time of a shutdown for its own end: the job queue's farewell, the database's. */
const RESERVE_MS = 2 * SECOND_MS;

/** How long jobs and requests under way may take to finish in a shutdown. They are given up before the process is. */
export const drainMs = ({ SHUTDOWN_SECONDS }: Pick<Config, "SHUTDOWN_SECONDS">): number =>
  Math.max(SHUTDOWN_SECONDS * SECOND_MS - RESERVE_MS, (SHUTDOWN_SECONDS * SECOND_MS) / 2);
