import { and, eq, gt, isNull } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { guests } from "../../identity/guest.tables.js";

/** Living invitations of one conversation at most: who takes part is shown whole. */
export const MAX_GUESTS = 50;

/** As many are shown of those who were ever invited, the newest. */
export const MOST_GUESTS_SHOWN = 100;

/** Exact under the conversation's lock alone. */
export const countLivingGuests = (
  tx: Database,
  companyId: string,
  conversationId: string,
  now: Date,
): Promise<number> =>
  tx.$count(
    guests,
    and(
      eq(guests.companyId, companyId),
      eq(guests.conversationId, conversationId),
      isNull(guests.revokedAt),
      gt(guests.expiresAt, now),
    ),
  );
