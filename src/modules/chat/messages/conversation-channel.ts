import type { Database } from "../../../platform/database/client.js";
import type { Channel, EventPayload } from "../../../platform/events/feed/channel.js";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import type { ActorView } from "../../identity/actor.types.js";
import type { Viewer } from "../../identity/viewer.js";
import { isKnownTo } from "../../media/unscanned.js";
import { CONVERSATION, idsOfActor } from "../conversations/conversation.events.js";
import { conversationPolicy } from "../conversations/conversation.policy.js";
import { findParticipation } from "../conversations/conversation-participant.repository.js";
import { requireConversation } from "../conversations/find-conversation.js";
import { toConversationPayloads, toConversationSignalPayload } from "./conversation-payloads.js";

/** The events of one conversation, for viewers who may read it. */
export const createConversationChannel = ({ db }: { readonly db: Database }): Channel<Viewer> => ({
  kind: CONVERSATION,

  async admit(viewer, id) {
    await requireConversation(db, viewer, id, "read");
  },

  readers: (id, viewers) => readers(db, id, viewers),

  toPayloads: (id, events) => toConversationPayloads(db, id, events),

  toSignalPayload: (_id, signal) => toConversationSignalPayload(db, signal),

  presenceOf: (viewer) => (viewer.kind === "user" || viewer.kind === "guest" ? idsOfActor(viewer) : null),

  /** Viewers do not get signals of their own typing and presence, nor a file of others before it is scanned. */
  isVisibleTo: (viewer, payload) =>
    viewer.kind !== "anonymous" &&
    !(isOfAttachment(payload) && !isKnownTo(viewer, payload.attachment)) &&
    !(isOfActor(payload) && payload.actor.id === viewer.id && TRANSIENT.has(payload.__typename)),
});

const TRANSIENT = new Set(["TypingStarted", "PresenceChanged"]);
const isOfAttachment = (payload: EventPayload): payload is EventPayload & { attachment: AttachmentView } =>
  "attachment" in payload;
const isOfActor = (payload: EventPayload): payload is EventPayload & { actor: ActorView } =>
  "actor" in payload;

/** A guest reads only the conversation that it is bound to; one statement reads which people are participants. */
async function readers(db: Database, id: string, viewers: readonly Viewer[]): Promise<boolean[]> {
  const people = viewers.flatMap((viewer) => (viewer.kind === "user" ? viewer.id : []));
  const found = people.length > 0 ? await findParticipation(db, id, [...new Set(people)]) : null;
  return viewers.map((viewer) => {
    if (viewer.kind === "guest") return viewer.conversationId === id;
    if (viewer.kind === "anonymous" || found === null) return false;
    const { companyId, participants } = found;
    return conversationPolicy.read(viewer, { id, companyId, isParticipant: participants.has(viewer.id) });
  });
}
