import type { Database } from "../../../platform/database/client.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";
import type { Viewer } from "../../identity/viewer.js";
import { recordTyping } from "./conversation.events.js";
import { requireConversation } from "./find-conversation.js";

/** Clients repeat it every few seconds, in a few conversations at a time. */
const PER_MINUTE = 120;
const WINDOW_SECONDS = 60;

export type TypingService = ReturnType<typeof createTypingService>;

export const createTypingService = ({ db }: { readonly db: Database }) => ({
  /** @returns false when the conversation is closed: no signal is sent then. @throws RATE_LIMITED */
  async startTyping(viewer: Viewer, conversationId: string): Promise<boolean> {
    const { conversation, viewer: actor } = await requireConversation(db, viewer, conversationId, "sendTo");
    await countUse(
      db,
      {
        policy: "typing",
        whose: actor.id,
        limit: PER_MINUTE,
        windowSeconds: WINDOW_SECONDS,
        message: "Too many signs of typing",
      },
      actor.client?.rateUses,
    );
    if (conversation.closedAt !== null) return false;
    await db.transaction(async (tx) => recordTyping(tx, conversation, actor));
    return true;
  },
});
