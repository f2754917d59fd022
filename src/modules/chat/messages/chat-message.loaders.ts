import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import {
  inOrderOf,
  perEventBatch,
  perEventBatchAndArguments,
  perRequest,
  perRequestAndArguments,
} from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { tenantsOfRows, tenantsReachedBy } from "../../identity/viewer.js";
import type { ConversationLoaders } from "../conversations/conversation.loaders.js";
import { requireActor } from "../require-actor.js";
import { chatMessagePolicy } from "./chat-message.policy.js";
import type { AnsweringMessage, ListedMessage, WithBodies } from "./chat-message.repository.js";
import { DELETED_BODY, listMessageBodies, listMessagesByIds } from "./chat-message.repository.js";
import {
  countOfConversations,
  listLastMessages,
  listPagesOfConversations,
  MESSAGE_CURSOR_SIZE,
  messagePosition,
} from "./chat-message-list.repository.js";
import { countUnread } from "./read-mark.repository.js";

export type ChatMessageLoaders = ReturnType<typeof createChatMessageLoaders>;

export interface ChatMessageLoaderDeps {
  readonly db: Database;
  readonly conversations: Pick<ConversationLoaders, "byId">;
}

const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };

/** Messages in conversations that the viewer may read: `byId` gives null for others. */
export function createChatMessageLoaders({ db, conversations }: ChatMessageLoaderDeps) {
  return {
    ...createLoadersOfConversations(db),

    /** Messages that the viewer may read. */
    byId: perRequest<ViewerContext, string, ListedMessage | null>(async (context, ids) => {
      const { viewer } = context;
      const rows = await listMessagesByIds(db, tenantsReachedBy(viewer), ids, { withBodies: false });
      const found = await conversations.byId(context).loadMany(rows.map((row) => row.conversationId));
      const readable = rows.filter((message, index) => {
        const conversation = found[index];
        if (!conversation || conversation instanceof Error) return false;
        return chatMessagePolicy.read(viewer, { message, conversation });
      });
      return inOrderOf(ids, readable, (message) => message.id);
    }),

    /** The message that a message replies to: of the same conversation, so readable by the same viewers. */
    quoted: perEventBatchAndArguments<ViewerContext, WithBodies, AnsweringMessage, ListedMessage | null>(
      async (_batch, texts, answers) => {
        const ids = answers.map((answer) => answer.replyToId);
        const rows = await listMessagesByIds(db, tenantsOfRows(answers), ids, texts);
        return inOrderOf(ids, rows, (message) => message.id);
      },
      { nameOf: ({ id }) => id },
    ),

    /** Bodies of messages that were listed without. */
    bodies: perEventBatch<ViewerContext, ListedMessage, string>(
      async (messages) => {
        const ids = messages.map(({ id }) => id);
        const rows = await listMessageBodies(db, tenantsOfRows(messages), ids);
        // A message may have been purged since it was listed; the others are still answered.
        return inOrderOf(ids, rows, (row) => row.id).map((row) => row?.body ?? DELETED_BODY);
      },
      { nameOf: ({ id }) => id },
    ),
  };
}

/** The messages of conversations that the viewer may read. */
function createLoadersOfConversations(db: Database) {
  const counts = perRequest<ViewerContext, string, number>(async ({ viewer }, ids) => {
    const byConversation = await countOfConversations(db, tenantsReachedBy(requireActor(viewer)), ids);
    return ids.map((id) => byConversation.get(id) ?? 0);
  });
  return {
    unreadCount: perRequest<ViewerContext, string, number>(async (context, ids) => {
      const viewer = requireActor(context.viewer);
      const counts = await countUnread(db, tenantsReachedBy(viewer), viewer, ids);
      return ids.map((id) => counts.get(id) ?? 0);
    }),

    messages: perRequestAndArguments<
      ViewerContext,
      PageArguments & WithBodies,
      string,
      Connection<ListedMessage>
    >(async (context, { withBodies, ...args }, ids) => {
      const list = { page: pageRequest(args, MESSAGE_CURSOR_SIZE), withBodies };
      const tenants = tenantsReachedBy(requireActor(context.viewer));
      const pages = await listPagesOfConversations(db, tenants, ids, list);
      return ids.map((id) =>
        toConnection(pages.get(id) ?? nothing, messagePosition, () => counts(context).load(id)),
      );
    }),

    lastMessage: perRequestAndArguments<ViewerContext, WithBodies, string, ListedMessage | null>(
      async ({ viewer }, texts, ids) => {
        const rows = await listLastMessages(db, tenantsReachedBy(requireActor(viewer)), ids, texts);
        return inOrderOf(ids, rows, (message) => message.conversationId);
      },
    ),
  };
}
