import type { SQL } from "drizzle-orm";
import { and, eq, isNull, sql } from "drizzle-orm";
import { newId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { Actor, TenantScope } from "../../identity/viewer.js";
import { authorshipOf } from "../../identity/viewer.js";
import { chatMessages } from "./chat-message.tables.js";

/** What is shown in place of a deleted message's text. */
export const DELETED_BODY = "[Message deleted]";

/** The text of a deleted message never leaves the database. */
const shownBody =
  sql<string>`case when ${chatMessages.deletedAt} is null then ${chatMessages.body} else ${DELETED_BODY} end`.as(
    "shown_body",
  );

/** All but the body. */
const listedColumns = {
  id: chatMessages.id,
  companyId: chatMessages.companyId,
  conversationId: chatMessages.conversationId,
  number: chatMessages.number,
  senderId: chatMessages.senderId,
  senderGuestId: chatMessages.senderGuestId,
  replyToId: chatMessages.replyToId,
  clientId: chatMessages.clientId,
  isEdited: sql<boolean>`${chatMessages.editedAt} is not null`.as("is_edited"),
  editedAt: chatMessages.editedAt,
  isDeleted: sql<boolean>`${chatMessages.deletedAt} is not null`.as("is_deleted"),
  deletedAt: chatMessages.deletedAt,
  createdAt: chatMessages.createdAt,
};

/** A message as it may be shown. */
const columns = { ...listedColumns, body: shownBody };

export type ChatMessageView = NonNullable<Awaited<ReturnType<typeof findMessage>>>;

/** A message in a list: `body`, which may be 10,000 characters long, is read only if it is selected. */
export type ListedMessage = Omit<ChatMessageView, "body"> & { readonly body?: string };

/** A message that replies to another one. */
export type AnsweringMessage = ListedMessage & { readonly replyToId: string };

export const isAnswer = (message: ListedMessage): message is AnsweringMessage => message.replyToId !== null;

/** Whether the bodies of messages are selected. */
export interface WithBodies {
  readonly withBodies: boolean;
}

/** The columns of a `ListedMessage`. */
export const messageColumns = ({ withBodies }: WithBodies): typeof listedColumns =>
  withBodies ? columns : listedColumns;

const withIds = (tenants: TenantScope, ids: readonly string[]) =>
  and(isAnyOf(chatMessages.id, ids), inTenants(chatMessages.companyId, tenants));

/** Deleted ones too: they keep their positions in the thread. */
export async function listMessagesByIds(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
  texts: WithBodies,
): Promise<ListedMessage[]> {
  return db.select(messageColumns(texts)).from(chatMessages).where(withIds(tenants, ids));
}

export async function listMessageBodies(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
): Promise<Pick<ChatMessageView, "id" | "body">[]> {
  return db.select({ id: chatMessages.id, body: shownBody }).from(chatMessages).where(withIds(tenants, ids));
}

/** Deleted or not. */
export async function findMessage(db: Database, tenants: TenantScope, id: string) {
  const [row] = await db
    .select(columns)
    .from(chatMessages)
    .where(withIds(tenants, [id]));
  return row ?? null;
}

/** Of one conversation whatever the tenant: for its events, which have no viewer; subscribers have been authorised. */
export async function listMessagesOfConversation(
  db: Database,
  conversationId: string,
  ids: readonly string[],
): Promise<ChatMessageView[]> {
  return db
    .select(columns)
    .from(chatMessages)
    .where(and(eq(chatMessages.conversationId, conversationId), isAnyOf(chatMessages.id, ids)));
}

const isSentBy = (sender: Actor): SQL =>
  sender.kind === "user" ? eq(chatMessages.senderId, sender.id) : eq(chatMessages.senderGuestId, sender.id);

/** The message with this identifier of the sender's client; a deleted one too. */
export async function findMessageByClientId(
  db: Database,
  { companyId, conversationId }: { readonly companyId: string; readonly conversationId: string },
  sender: Actor,
  clientId: string,
): Promise<ChatMessageView | null> {
  const [row] = await db
    .select(columns)
    .from(chatMessages)
    .where(
      and(
        eq(chatMessages.companyId, companyId),
        eq(chatMessages.conversationId, conversationId),
        isSentBy(sender),
        eq(chatMessages.clientId, clientId),
      ),
    );
  return row ?? null;
}

export interface NewMessage {
  readonly companyId: string;
  readonly conversationId: string;
  readonly number: number;
  readonly body: string;
  readonly replyToId: string | null;
  readonly clientId: string | null;
  readonly createdAt?: Date;
}

export async function insertMessage(
  tx: Database,
  sender: Actor,
  message: NewMessage,
): Promise<ChatMessageView> {
  const { userId: senderId, guestId: senderGuestId } = authorshipOf(sender);
  const [row] = await tx
    .insert(chatMessages)
    .values({ id: newId(), ...message, senderId, senderGuestId })
    .returning(columns);
  return row as ChatMessageView;
}

const thisOne = (companyId: string, id: string) =>
  and(eq(chatMessages.companyId, companyId), eq(chatMessages.id, id), isNull(chatMessages.deletedAt));

/** @returns null when it has been deleted meanwhile */
export async function updateMessageBody(
  tx: Database,
  companyId: string,
  id: string,
  body: string,
): Promise<ChatMessageView | null> {
  const [row] = await tx
    .update(chatMessages)
    .set({ body, editedAt: sql`now()`, updatedAt: sql`now()` })
    .where(thisOne(companyId, id))
    .returning(columns);
  return row ?? null;
}

/** @returns null when it was deleted already */
export async function softDeleteMessage(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<ChatMessageView | null> {
  const [row] = await tx
    .update(chatMessages)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(thisOne(companyId, id))
    .returning(columns);
  return row ?? null;
}

/** Replies to it stay, and no longer refer to it. @returns false when it was purged already */
export async function purgeMessage(tx: Database, companyId: string, id: string): Promise<boolean> {
  await tx
    .update(chatMessages)
    .set({ replyToId: null })
    .where(and(eq(chatMessages.companyId, companyId), eq(chatMessages.replyToId, id)));
  const gone = await tx
    .delete(chatMessages)
    .where(and(eq(chatMessages.companyId, companyId), eq(chatMessages.id, id)))
    .returning({ id: chatMessages.id });
  return gone.length > 0;
}

/** Whatever the tenant: for its attachments, whose tenant has been checked. */
export async function findMessageState(tx: Database, id: string) {
  const [row] = await tx
    .select({
      companyId: chatMessages.companyId,
      conversationId: chatMessages.conversationId,
      isDeleted: columns.isDeleted,
    })
    .from(chatMessages)
    .where(eq(chatMessages.id, id));
  return row ?? null;
}
