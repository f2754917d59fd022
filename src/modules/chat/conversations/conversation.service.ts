import { authorize, readable } from "../../../kernel/authorize.js";
import { unauthenticated } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import { lockActiveMemberships } from "../../identity/memberships/membership.repository.js";
import type { Viewer } from "../../identity/viewer.js";
import { isAdmin, isUser, staffTenantsOf, tenantsOf } from "../../identity/viewer.js";
import { changeConversation } from "./change-conversation.js";
import { auditConversation } from "./conversation.audit.js";
import { notOfCompany, ticketOfAnotherCompany, tooManyParticipants } from "./conversation.errors.js";
import { recordConversationEvent, recordConversationStarted } from "./conversation.events.js";
import { companyConversationPolicy, conversationPolicy } from "./conversation.policy.js";
import type { ConversationView } from "./conversation.repository.js";
import * as repository from "./conversation.repository.js";
import type { ConversationFilter, ConversationScope } from "./conversation-list.repository.js";
import * as list from "./conversation-list.repository.js";
import { insertParticipants, MAX_PARTICIPANTS } from "./conversation-participant.repository.js";
import { lookUpConversation, rereadConversation } from "./find-conversation.js";

/** The company of a ticket that the viewer may read; null for others. A port, because tickets are a sibling module. */
export type FindTicketCompany = (db: Database, viewer: Viewer, ticketId: string) => Promise<string | null>;

export interface ConversationDeps {
  readonly db: Database;
  readonly findTicketCompany: FindTicketCompany;
}

export interface ConversationStart {
  readonly companyId: string;
  readonly subject?: string | null | undefined;
  readonly room?: string | null | undefined;
  readonly ticketId?: string | null | undefined;
  readonly participantIds?: readonly string[] | null | undefined;
}

export type ConversationService = ReturnType<typeof createConversationService>;

export const createConversationService = (deps: ConversationDeps) => ({
  /** Null when it does not exist or may not be seen. */
  async conversation(viewer: Viewer, id: string): Promise<ConversationView | null> {
    return readable(conversationPolicy, viewer, await lookUpConversation(deps.db, viewer, id));
  },

  listConversations: (viewer: Viewer, filter: ConversationFilter, page: PageArguments) =>
    listConversations(deps.db, viewer, filter, page),

  /** The viewer becomes a participant. @throws BAD_USER_INPUT for a ticket or a participant of another company */
  startConversation: (viewer: Viewer, input: ConversationStart) => startConversation(deps, viewer, input),

  /** It can still be read, but accepts no messages. */
  closeConversation: (viewer: Viewer, id: string) => setClosed(deps.db, viewer, id, true),

  reopenConversation: (viewer: Viewer, id: string) => setClosed(deps.db, viewer, id, false),
});

async function listConversations(
  db: Database,
  viewer: Viewer,
  filter: ConversationFilter,
  args: PageArguments,
): Promise<Connection<ConversationView>> {
  const scope = scopeOf(viewer);
  const page = await list.listConversations(db, scope, filter, pageRequest(args));
  return toConnection(page, list.conversationPosition, () => list.countConversations(db, scope, filter));
}

/** @throws UNAUTHENTICATED */
export function scopeOf(viewer: Viewer): ConversationScope {
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
  if (viewer.kind === "guest") {
    const { companyId, conversationId } = viewer;
    return { userId: null, companyId, conversationId };
  }
  return { userId: viewer.id, staffOf: staffTenantsOf(viewer), memberOf: tenantsOf(viewer) };
}

async function startConversation(
  { db, findTicketCompany }: ConversationDeps,
  viewer: Viewer,
  input: ConversationStart,
): Promise<ConversationView> {
  const { companyId } = input;
  // A member's company exists; an administrator may give the id of any company.
  const company = isAdmin(viewer) ? await findCompany(db, companyId) : { id: companyId };
  const allowed = authorize(companyConversationPolicy, "startConversation", viewer, company);
  const others = othersOf(input.participantIds ?? [], viewer);
  const id = await writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, starter) => {
    const living = await findCompany(tx, companyId);
    authorize(companyConversationPolicy, "startConversation", starter, living?.deletedAt ? null : living);
    await lockMembers(tx, companyId, others);
    const ticketId = input.ticketId ?? null;
    const ticketCompany = ticketId && isId(ticketId) ? await findTicketCompany(tx, starter, ticketId) : null;
    if (ticketId !== null && ticketCompany !== companyId) throw ticketOfAnotherCompany();
    const conversationId = await repository.insertConversation(tx, {
      companyId,
      ticketId,
      subject: input.subject || null,
      room: input.room || null,
      startedBy: starter.id,
    });
    await insertParticipants(tx, { companyId, conversationId, userIds: [starter.id, ...others] });
    await auditConversation(tx, starter, "conversation.started", { id: conversationId, companyId });
    recordConversationStarted(tx, { id: conversationId, companyId });
    return conversationId;
  });
  return rereadConversation(db, viewer, id);
}

/** The participants besides the viewer who starts the conversation. @throws BAD_USER_INPUT */
function othersOf(asked: readonly string[], starter: Viewer): string[] {
  const others = [...new Set(asked)].filter((id) => !isUser(starter, id));
  if (others.length >= MAX_PARTICIPANTS) throw tooManyParticipants();
  return others;
}

/** Locks their memberships until the transaction ends. @throws BAD_USER_INPUT for people of another company */
async function lockMembers(tx: Database, companyId: string, userIds: readonly string[]): Promise<void> {
  const members = new Set((await lockActiveMemberships(tx, companyId, userIds)).map(({ userId }) => userId));
  const strangers = userIds.filter((id) => !members.has(id));
  if (strangers.length > 0) throw notOfCompany("participantIds", strangers);
}

async function setClosed(
  db: Database,
  viewer: Viewer,
  id: string,
  isClosed: boolean,
): Promise<ConversationView> {
  const action = isClosed ? "close" : "reopen";
  await changeConversation(db, { viewer, id, action }, async (tx, { viewer: by, conversation }) => {
    const changed = isClosed
      ? await repository.setConversationClosed(tx, conversation.companyId, id, by.id)
      : await repository.setConversationOpen(tx, conversation.companyId, id);
    if (!changed) return;
    const type = isClosed ? "conversation.closed" : "conversation.reopened";
    await auditConversation(tx, by, type, conversation);
    recordConversationEvent(tx, conversation, type, {});
  });
  return rereadConversation(db, viewer, id);
}
