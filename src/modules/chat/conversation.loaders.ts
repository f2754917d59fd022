import { unauthenticated } from "../../kernel/errors.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import {
  inOrderOf,
  perRequest,
  perRequestAndArguments,
  perRound,
  perRoundAndArguments,
} from "../../platform/graphql/loaders.js";
import type { GuestView } from "../identity/guest.repository.js";
import { listGuestsOfConversations } from "../identity/guest.repository.js";
import type { Person } from "../identity/user.repository.js";
import type { Actor, Viewer, ViewerContext } from "../identity/viewer.js";
import { staffTenantsOf, tenantsOfRows, tenantsReachedBy } from "../identity/viewer.js";
import { chatMessagePolicy } from "./chat-message.policy.js";
import type { ListedMessage, WithBodies } from "./chat-message.repository.js";
import { DELETED_BODY, listMessageBodies, listMessagesByIds } from "./chat-message.repository.js";
import {
  countOfConversations,
  listLastMessages,
  listPagesOfConversations,
  MESSAGE_CURSOR_SIZE,
  messagePosition,
} from "./chat-message-list.repository.js";
import { conversationPolicy } from "./conversation.policy.js";
import type { ConversationView } from "./conversation.repository.js";
import { listConversationsByIds } from "./conversation.repository.js";
import { scopeOf } from "./conversation.service.js";
import { conversationPosition, countOfTickets, listPagesOfTickets } from "./conversation-list.repository.js";
import { listParticipants } from "./conversation-participant.repository.js";
import { readerOf } from "./find-conversation.js";
import { MOST_GUESTS_SHOWN } from "./guest-invitation.repository.js";
import { countUnread } from "./read-mark.repository.js";

export type ConversationLoaders = ReturnType<typeof createConversationLoaders>;

const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };

/** @throws UNAUTHENTICATED for who has just joined and does not ask with the token yet */
function known({ viewer }: { readonly viewer: Viewer }): Actor {
  if (viewer.kind === "anonymous") throw unauthenticated();
  return viewer;
}

/** What stands in conversations that the viewer may read: of the others, `byId` and `messageById` give null. */
export function createConversationLoaders({ db }: { readonly db: Database }) {
  const byId = perRequest<ViewerContext, string, ConversationView | null>(async ({ viewer }, ids) => {
    const rows = await listConversationsByIds(db, readerOf(viewer), ids);
    const readable = rows.filter((conversation) => conversationPolicy.read(viewer, conversation));
    return inOrderOf(ids, readable, (conversation) => conversation.id);
  });
  return {
    byId,
    ...createMemberLoaders(db),
    ...createMessageLoaders(db, byId),
    ofTickets: createTicketConversationLoader(db),
  };
}

/** Who takes part, and how far somebody has read. */
const createMemberLoaders = (db: Database) => ({
  participants: perRequest<ViewerContext, string, readonly Person[]>(async (context, ids) => {
    const rows = await listParticipants(db, tenantsReachedBy(known(context)), ids);
    return ids.map((id) => rows.filter((row) => row.conversationId === id));
  }),

  /** All invitations for staff, for others those who have come. */
  guests: perRequest<ViewerContext, string, readonly GuestView[]>(async (context, ids) => {
    const viewer = known(context);
    const scope = { tenants: tenantsReachedBy(viewer), staffOf: staffTenantsOf(viewer) };
    const rows = await listGuestsOfConversations(db, scope, ids, MOST_GUESTS_SHOWN);
    return ids.map((id) => rows.filter((guest) => guest.conversationId === id));
  }),

  unreadCount: perRequest<ViewerContext, string, number>(async (context, ids) => {
    const viewer = known(context);
    const counts = await countUnread(db, tenantsReachedBy(viewer), viewer, ids);
    return ids.map((id) => counts.get(id) ?? 0);
  }),
});

type Batched<Value> = (context: ViewerContext) => {
  loadMany(ids: readonly string[]): Promise<(Value | Error)[]>;
};

function createMessageLoaders(db: Database, conversationById: Batched<ConversationView | null>) {
  const counts = perRequest<ViewerContext, string, number>(async (context, ids) => {
    const byConversation = await countOfConversations(db, tenantsReachedBy(known(context)), ids);
    return ids.map((id) => byConversation.get(id) ?? 0);
  });
  return {
    messages: perRequestAndArguments<
      ViewerContext,
      PageArguments & WithBodies,
      string,
      Connection<ListedMessage>
    >(async (context, { withBodies, ...args }, ids) => {
      const list = { page: pageRequest(args, MESSAGE_CURSOR_SIZE), withBodies };
      const pages = await listPagesOfConversations(db, tenantsReachedBy(known(context)), ids, list);
      return ids.map((id) =>
        toConnection(pages.get(id) ?? nothing, messagePosition, () => counts(context).load(id)),
      );
    }),

    lastMessage: perRequestAndArguments<ViewerContext, WithBodies, string, ListedMessage | null>(
      async (context, texts, ids) => {
        const rows = await listLastMessages(db, tenantsReachedBy(known(context)), ids, texts);
        return inOrderOf(ids, rows, (message) => message.conversationId);
      },
    ),

    /** Messages that the viewer may read. */
    messageById: perRequest<ViewerContext, string, ListedMessage | null>(async (context, ids) => {
      const { viewer } = context;
      const rows = await listMessagesByIds(db, tenantsReachedBy(viewer), ids, { withBodies: false });
      const conversations = await conversationById(context).loadMany(rows.map((row) => row.conversationId));
      const readable = rows.filter((message, index) => {
        const conversation = conversations[index];
        if (!conversation || conversation instanceof Error) return false;
        return chatMessagePolicy.read(viewer, { message, conversation });
      });
      return inOrderOf(ids, readable, (message) => message.id);
    }),

    /** What a message answers; whoever reads the one reads the other, for they stand in one conversation. */
    quoted: perRoundAndArguments<ViewerContext, WithBodies, ListedMessage, ListedMessage | null>(
      async (_round, texts, answers) => {
        const ids = answers.map((answer) => answer.replyToId ?? "");
        const rows = await listMessagesByIds(db, tenantsOfRows(answers), ids, texts);
        return inOrderOf(ids, rows, (message) => message.id);
      },
      { nameOf: ({ id }) => id },
    ),

    /** What messages say that the viewer has been given without. */
    bodies: perRound<ViewerContext, ListedMessage, string>(
      async (messages) => {
        const ids = messages.map(({ id }) => id);
        const rows = await listMessageBodies(db, tenantsOfRows(messages), ids);
        // One that has been purged since it was listed is no reason to refuse the others.
        return inOrderOf(ids, rows, (row) => row.id).map((row) => row?.body ?? DELETED_BODY);
      },
      { nameOf: ({ id }) => id },
    ),
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
