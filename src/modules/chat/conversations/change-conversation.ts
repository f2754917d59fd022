import type { Database } from "../../../platform/database/client.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { MembershipRow } from "../../identity/membership.tables.js";
import { lockActiveMembership } from "../../identity/memberships/membership.repository.js";
import type { Viewer } from "../../identity/viewer.js";
import { lockConversation } from "./conversation.repository.js";
import type { ConversationAction, FoundConversation } from "./find-conversation.js";
import { requireConversation } from "./find-conversation.js";

export interface ConversationChange {
  readonly viewer: Viewer;
  readonly id: string;
  readonly action: ConversationAction;
  /** A person on whose membership the change depends: it is locked until the transaction ends. */
  readonly memberId?: string;
}

/**
 * Runs a transaction that changes a conversation. The viewer is authorised before it, so that nobody without permission
 * holds a lock, and again in it, under the conversation's lock.
 *
 * @param change gets the membership of the person; null without a person, and for one who is no active member
 * @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN
 */
export async function changeConversation<Result>(
  db: Database,
  { viewer, id, action, memberId }: ConversationChange,
  change: (tx: Database, found: FoundConversation, membership: MembershipRow | null) => Promise<Result>,
): Promise<Result> {
  const { viewer: asking, conversation } = await requireConversation(db, viewer, id, action);
  const { companyId } = conversation;
  const lock = async (tx: Database) => {
    const membership = memberId === undefined ? null : await lockActiveMembership(tx, companyId, memberId);
    await lockConversation(tx, id);
    return membership;
  };
  return writeAs(db, { viewer: asking, companyId, lock }, async (tx, known, membership) =>
    change(tx, await requireConversation(tx, known, id, action), membership ?? null),
  );
}
