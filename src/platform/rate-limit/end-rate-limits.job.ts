import type { Database } from "../database/client.js";
import type { Job } from "../jobs/job.js";
import { deleteEndedWindows } from "./rate-limit.repository.js";

/** Forgets windows of rate limits that are over. */
export const createEndRateLimitsJob = ({ db }: { db: Database }): Job => ({
  name: "end-rate-limits",
  atOnce: 1,
  timeoutSeconds: 600,
  retries: 3,
  cron: "27 * * * *",
  run: (_data, signal) => deleteEndedWindows(db, signal),
});
