import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import type { Job } from "../../../platform/jobs/job.js";
import { purgeEndedInvitations } from "../memberships/invitation.repository.js";
import { purgeEndedPasswordResets } from "./password-reset.repository.js";
import { purgeEndedSessions } from "./session.repository.js";

/** Purges ended sessions, password reset links and invitations. */
export const createEndSessionsJob = ({ db, clock }: { db: Database; clock: Clock }): Job => ({
  name: "end-sessions",
  atOnce: 1,
  timeoutSeconds: 600,
  retries: 3,
  cron: "17 * * * *",
  run: async (_data, signal) => {
    await purgeEndedSessions(db, clock(), signal);
    await purgeEndedPasswordResets(db, clock());
    await purgeEndedInvitations(db, clock(), signal);
  },
});
