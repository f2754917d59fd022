import type { Policy } from "../../../kernel/authorize.js";
import type { GuestView } from "../../identity/guests/guest.repository.js";
import type { Viewer } from "../../identity/viewer.js";
import { isStaffOf } from "../../identity/viewer.js";
import type { ConversationSubject } from "../conversations/conversation.policy.js";
import { conversationPolicy } from "../conversations/conversation.policy.js";

/** A guest and the conversation that it is bound to. */
export interface GuestSubject {
  readonly guest: Pick<GuestView, "joinedAt">;
  readonly conversation: ConversationSubject;
}

export const guestPolicy = {
  subject: "guest",
  viewers: ["user", "guest"],
  /** Participants see guests who have joined; other invitations only the staff sees. */
  read: (viewer: Viewer, { guest, conversation }: GuestSubject) =>
    conversationPolicy.read(viewer, conversation) &&
    (guest.joinedAt !== null || isStaffOf(viewer, conversation.companyId)),
  revoke: (viewer: Viewer, { conversation }: GuestSubject) => isStaffOf(viewer, conversation.companyId),
} satisfies Policy<Viewer, GuestSubject>;
