import { and, eq, gt, isNull } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { guests } from "../../identity/guest.tables.js";

/** Valid invitations of one conversation at most. */
export const MAX_GUESTS = 50;

/** `Conversation.guests` shows as many of all invited guests, the newest. */
export const MOST_GUESTS_SHOWN = 100;

/** Exact only under the conversation's lock. */
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
