import type { Database } from "../../../platform/database/client.js";
import type { EndedMembership } from "../../identity/memberships/membership.service.js";
import { recordConversationEvent } from "./conversation.events.js";
import { deleteParticipations } from "./conversation-participant.repository.js";

/** A person who leaves a company also leaves its conversations; a new membership does not bring them back. */
export async function endConversationParticipations(
  tx: Database,
  { companyId, userId }: EndedMembership,
): Promise<void> {
  for (const id of await deleteParticipations(tx, companyId, userId))
    recordConversationEvent(tx, { id, companyId }, "participant.left", { userId });
}
