import type { Database } from "../database/client.js";
import type { Job } from "../jobs/job.js";
import { deleteEndedWindows } from "./rate-limit.repository.js";

/** Deletes ended windows of rate limits. */
export const createEndRateLimitsJob = ({ db }: { db: Database }): Job => ({
  name: "end-rate-limits",
  atOnce: 1,
  timeoutSeconds: 600,
  retries: 3,
  cron: "27 * * * *",
  run: (_data, signal) => deleteEndedWindows(db, signal),
});
