import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import type { Database } from "../../platform/database/client.js";
import type { Job } from "../../platform/jobs/job.js";
import { purgeWebhooks } from "./purge-webhooks.js";

export interface PurgeWebhooksDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** How long events are kept, and their deliveries with them. */
  readonly eventDays: number;
}

/** Purges old deliveries of webhooks, and deleted webhooks. */
export const createPurgeWebhooksJob = ({ db, clock, eventDays }: PurgeWebhooksDeps): Job => ({
  name: "purge-webhooks",
  atOnce: 1,
  timeoutSeconds: 3_600,
  retries: 3,
  cron: "51 1 * * *",
  run: async (_data, signal) => {
    const now = clock();
    await purgeWebhooks(db, { now, before: new Date(now.getTime() - eventDays * DAY_MS) }, { signal });
  },
});
