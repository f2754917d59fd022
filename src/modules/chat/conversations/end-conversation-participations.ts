import type { Database } from "../../../platform/database/client.js";
import type { EndedMembership } from "../../identity/memberships/membership.service.js";
import { recordConversationEvent } from "./conversation-events.js";
import { deleteParticipations } from "./conversation-participant.repository.js";

/** Who leaves a company leaves its conversations as well, and is not in them again when they come back. */
export async function endConversationParticipations(
  tx: Database,
  { companyId, userId }: EndedMembership,
): Promise<void> {
  for (const id of await deleteParticipations(tx, companyId, userId))
    recordConversationEvent(tx, { id, companyId }, "participant.left", { userId });
}
