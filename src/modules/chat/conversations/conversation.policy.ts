import type { Policy } from "../../../kernel/authorize.js";
import type { Viewer } from "../../identity/viewer.js";
import { isMemberOf, isStaffOf } from "../../identity/viewer.js";
import type { ConversationRow } from "./conversation.tables.js";

/** A conversation, and whether the person who asks is one of its participants. */
export type ConversationSubject = Pick<ConversationRow, "id" | "companyId"> & {
  readonly isParticipant: boolean;
};

const staff = (viewer: Viewer, { companyId }: ConversationSubject) => isStaffOf(viewer, companyId);
/** A guest in its own conversation, a person as one of its participants. */
const takesPart = (viewer: Viewer, { id, companyId, isParticipant }: ConversationSubject) =>
  viewer.kind === "guest" ? viewer.conversationId === id : isParticipant && isMemberOf(viewer, companyId);
const staffOrTakesPart = (viewer: Viewer, conversation: ConversationSubject) =>
  staff(viewer, conversation) || takesPart(viewer, conversation);

export const conversationPolicy = {
  subject: "conversation",
  viewers: ["user", "guest"],
  read: staffOrTakesPart,
  sendTo: staffOrTakesPart,
  close: staff,
  reopen: staff,
  manageParticipantsOf: staff,
  inviteGuestTo: staff,
} satisfies Policy<Viewer, ConversationSubject>;

/** The right to start a conversation depends on the company, because the conversation does not exist yet. */
export const companyConversationPolicy = {
  subject: "company",
  viewers: ["user"],
  read: (viewer: Viewer, company: { id: string }) => isMemberOf(viewer, company.id),
  startConversation: (viewer: Viewer, company: { id: string }) => isStaffOf(viewer, company.id),
} satisfies Policy<Viewer, { id: string }>;
