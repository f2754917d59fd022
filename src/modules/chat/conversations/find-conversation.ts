import type { ActionOf } from "../../../kernel/authorize.js";
import { authorize } from "../../../kernel/authorize.js";
import { gone } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { Actor, Viewer } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import { conversationPolicy } from "./conversation.policy.js";
import type { ConversationView, Reader } from "./conversation.repository.js";
import { findConversation } from "./conversation.repository.js";

export type ConversationAction = ActionOf<typeof conversationPolicy>;

export interface FoundConversation {
  readonly viewer: Actor;
  readonly conversation: ConversationView;
}

export const readerOf = (viewer: Viewer): Reader => ({
  tenants: tenantsReachedBy(viewer),
  userId: viewer.kind === "user" ? viewer.id : null,
});

/** Not authorised yet: any conversation of the tenants that the viewer reaches. */
export const lookUpConversation = async (
  db: Database,
  viewer: Viewer,
  id: string,
): Promise<ConversationView | null> =>
  viewer.kind === "anonymous" || !isId(id) ? null : findConversation(db, readerOf(viewer), id);

/** @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN */
export async function requireConversation(
  db: Database,
  viewer: Viewer,
  id: string,
  action: ConversationAction,
): Promise<FoundConversation> {
  const found = await lookUpConversation(db, viewer, id);
  const allowed = authorize(conversationPolicy, action, viewer, found);
  return { viewer: allowed.viewer, conversation: allowed.subject };
}

/** A conversation that the caller has just made or changed. @throws GONE when its company has been deleted meanwhile */
export async function rereadConversation(
  db: Database,
  viewer: Viewer,
  id: string,
): Promise<ConversationView> {
  const conversation = await lookUpConversation(db, viewer, id);
  if (conversation === null) throw gone("conversation");
  return conversation;
}
