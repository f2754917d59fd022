import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import { inOrderOf, perRequest, perRequestAndArguments } from "../../platform/graphql/loaders.js";
import type { UserLoaders } from "../identity/users/user.loaders.js";
import type { Viewer, ViewerContext } from "../identity/viewer.js";
import { staffTenantsOf, tenantsOf } from "../identity/viewer.js";
import { replyPolicy } from "./reply.policy.js";
import type { ListedReply } from "./reply.repository.js";
import {
  countOfTickets,
  listPagesOfTickets,
  listRepliesByIds,
  listReplyBodies,
  replyPosition,
} from "./reply.repository.js";
import { ticketPolicy } from "./ticket.policy.js";
import type { ListedTicket } from "./ticket.repository.js";
import { listDescriptions, listTicketsByIds } from "./ticket.repository.js";
import { listParticipants } from "./ticket-participant.repository.js";

export type TicketLoaders = ReturnType<typeof createTicketLoaders>;

const userIdOf = (viewer: Viewer) => (viewer.kind === "user" ? viewer.id : null);
const scopeOf = (viewer: Viewer) => ({ tenants: tenantsOf(viewer), staffOf: staffTenantsOf(viewer) });

/** The arguments of a list with replies. */
export interface ReplyList extends PageArguments {
  /** Whether the replies' bodies are selected. */
  readonly withBodies: boolean;
}

export interface TicketLoaderDeps {
  readonly db: Database;
  readonly users: UserLoaders;
}

export function createTicketLoaders({ db, users }: TicketLoaderDeps) {
  /** Tickets that the viewer may read; null for others. */
  const byId = perRequest<ViewerContext, string, ListedTicket | null>(async ({ viewer }, ids) => {
    const userId = userIdOf(viewer);
    const rows = userId === null ? [] : await listTicketsByIds(db, tenantsOf(viewer), userId, ids);
    const readable = rows.filter((ticket) => ticket.deletedAt === null && ticketPolicy.read(viewer, ticket));
    return inOrderOf(ids, readable, (ticket) => ticket.id);
  });

  /** Descriptions of tickets that were listed without. */
  const descriptions = perRequest<ViewerContext, string, string>(async ({ viewer }, ids) => {
    const rows = await listDescriptions(db, tenantsOf(viewer), ids);
    // A ticket may have been purged since it was listed; the others are still answered.
    return inOrderOf(ids, rows, (row) => row.id).map((row) => row?.description ?? "");
  });

  /** Replies that the viewer may read; null for others. */
  const replyById = perRequest<ViewerContext, string, ListedReply | null>(async (context, ids) => {
    const rows = await listRepliesByIds(db, tenantsOf(context.viewer), ids);
    const tickets = await byId(context).loadMany(rows.map((row) => row.ticketId));
    const readable = rows.filter((reply, index) => {
      const ticket = tickets[index];
      if (!ticket || ticket instanceof Error || reply.deletedAt !== null) return false;
      return replyPolicy.read(context.viewer, { reply, ticket });
    });
    return inOrderOf(ids, readable, (reply) => reply.id);
  });

  /** Bodies of replies that were listed without. */
  const replyBodies = perRequest<ViewerContext, string, string>(async ({ viewer }, ids) => {
    const rows = await listReplyBodies(db, tenantsOf(viewer), ids);
    return inOrderOf(ids, rows, (row) => row.id).map((row) => row?.body ?? "");
  });

  const participants = perRequest<ViewerContext, string, Awaited<ReturnType<typeof listParticipants>>>(
    async ({ viewer }, ids) => {
      const rows = await listParticipants(db, tenantsOf(viewer), ids);
      return ids.map((id) => rows.filter((row) => row.ticketId === id));
    },
  );

  const replyCounts = perRequest<ViewerContext, string, number>(async ({ viewer }, ids) => {
    const counts = await countOfTickets(db, scopeOf(viewer), ids);
    return ids.map((id) => counts.get(id) ?? 0);
  });

  const replies = perRequestAndArguments<ViewerContext, ReplyList, string, Connection<ListedReply>>(
    async (context, { withBodies, ...args }, ids) => {
      const list = { page: pageRequest(args), withBodies };
      const pages = await listPagesOfTickets(db, scopeOf(context.viewer), ids, list);
      // Otherwise they would cost a statement of their own, because uploaders are loaded at another moment.
      for (const { rows } of pages.values())
        for (const { author } of rows) users.byId(context).prime(author.id, author);
      return ids.map((id) =>
        toConnection(pages.get(id) ?? noReplies, replyPosition, () => replyCounts(context).load(id)),
      );
    },
  );

  return { byId, descriptions, replyById, replyBodies, participants, replies };
}

const noReplies = { rows: [], hasNextPage: false, hasPreviousPage: false };
