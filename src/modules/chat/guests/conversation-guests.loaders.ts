import type { Database } from "../../../platform/database/client.js";
import { perRequest } from "../../../platform/graphql/loaders.js";
import type { GuestView } from "../../identity/guests/guest.repository.js";
import { listGuestsOfConversations } from "../../identity/guests/guest.repository.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { staffTenantsOf, tenantsReachedBy } from "../../identity/viewer.js";
import { requireActor } from "../require-actor.js";
import { MOST_GUESTS_SHOWN } from "./guest-invitation.repository.js";

export type ConversationGuestsLoaders = ReturnType<typeof createConversationGuestsLoaders>;

/** The guests of conversations that the viewer may read. */
export const createConversationGuestsLoaders = ({ db }: { readonly db: Database }) => ({
  /** All invited guests for staff, for others those who have joined. */
  guests: perRequest<ViewerContext, string, readonly GuestView[]>(async (context, ids) => {
    const viewer = requireActor(context.viewer);
    const scope = { tenants: tenantsReachedBy(viewer), staffOf: staffTenantsOf(viewer) };
    const rows = await listGuestsOfConversations(db, scope, ids, MOST_GUESTS_SHOWN);
    return ids.map((id) => rows.filter((guest) => guest.conversationId === id));
  }),
});
