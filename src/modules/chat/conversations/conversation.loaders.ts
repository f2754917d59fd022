import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { inOrderOf, perRequest, perRequestAndArguments } from "../../../platform/graphql/loaders.js";
import type { Person } from "../../identity/users/user.repository.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import { requireActor } from "../require-actor.js";
import { conversationPolicy } from "./conversation.policy.js";
import type { ConversationView } from "./conversation.repository.js";
import { listConversationsByIds } from "./conversation.repository.js";
import { scopeOf } from "./conversation.service.js";
import { conversationPosition, countOfTickets, listPagesOfTickets } from "./conversation-list.repository.js";
import { listParticipants } from "./conversation-participant.repository.js";
import { readerOf } from "./find-conversation.js";

export type ConversationLoaders = ReturnType<typeof createConversationLoaders>;

const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };

/** Conversations that the viewer may read, of which `byId` gives null for others, and who takes part in them. */
export function createConversationLoaders({ db }: { readonly db: Database }) {
  const byId = perRequest<ViewerContext, string, ConversationView | null>(async ({ viewer }, ids) => {
    const rows = await listConversationsByIds(db, readerOf(viewer), ids);
    const readable = rows.filter((conversation) => conversationPolicy.read(viewer, conversation));
    return inOrderOf(ids, readable, (conversation) => conversation.id);
  });
  return {
    byId,
    participants: perRequest<ViewerContext, string, readonly Person[]>(async ({ viewer }, ids) => {
      const rows = await listParticipants(db, tenantsReachedBy(requireActor(viewer)), ids);
      return ids.map((id) => rows.filter((row) => row.conversationId === id));
    }),
    ofTickets: createTicketConversationLoader(db),
  };
}

function createTicketConversationLoader(db: Database) {
  const counts = perRequest<ViewerContext, string, number>(async ({ viewer }, ids) => {
    const byTicket = await countOfTickets(db, scopeOf(viewer), ids);
    return ids.map((id) => byTicket.get(id) ?? 0);
  });
  return perRequestAndArguments<ViewerContext, PageArguments, string, Connection<ConversationView>>(
    async (context, args, ids) => {
      const pages = await listPagesOfTickets(db, scopeOf(context.viewer), ids, pageRequest(args));
      return ids.map((id) =>
        toConnection(pages.get(id) ?? nothing, conversationPosition, () => counts(context).load(id)),
      );
    },
  );
}
