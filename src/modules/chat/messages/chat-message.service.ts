import { badUserInput, gone } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { countLiveOfParent } from "../../attachments/attachment.repository.js";
import type { AttachmentService } from "../../attachments/attachment.service.js";
import type { Actor, Viewer } from "../../identity/viewer.js";
import type { IngestService } from "../../media/ingest/ingest.service.js";
import type { RecordedFile } from "../../media/ingest/record.js";
import { conversationClosed } from "../conversations/conversation.errors.js";
import { recordConversationEvent } from "../conversations/conversation.events.js";
import { countMessage, lockConversation } from "../conversations/conversation.repository.js";
import type { FoundConversation } from "../conversations/find-conversation.js";
import { requireConversation } from "../conversations/find-conversation.js";
import { messageOfAnotherConversation } from "./chat-message.errors.js";
import type { ChatMessageView } from "./chat-message.repository.js";
import { findMessage, findMessageByClientId, insertMessage } from "./chat-message.repository.js";
import type { FoundMessage } from "./find-message.js";
import { requireMessage } from "./find-message.js";
import { refuseMoreFiles } from "./message-parents.js";

export interface ChatMessageDeps {
  readonly db: Database;
  readonly attachments: Pick<AttachmentService, "attachFiles">;
  readonly ingest: IngestService;
  readonly filesPerMessage: number;
}

export interface Sending {
  readonly conversationId: string;
  readonly body?: string | null | undefined;
  readonly replyToId?: string | null | undefined;
  readonly clientId?: string | null | undefined;
}

export type ChatMessageService = ReturnType<typeof createChatMessageService>;

export const createChatMessageService = (deps: ChatMessageDeps) => ({
  /**
   * Sends a message with its files, all or nothing. Idempotent by `clientId`: a sender who repeats one in a conversation
   * gets the first message, even if that has been deleted since, and nothing of the repeated one is stored.
   *
   * @throws CONFLICT when the conversation is closed, BAD_USER_INPUT, and what the ingest throws
   */
  async sendMessage(viewer: Viewer, input: Sending, incoming: IncomingFiles): Promise<ChatMessageView> {
    const found = await requireConversation(deps.db, viewer, input.conversationId, "sendTo");
    const message = {
      body: bodyWith(input.body ?? "", incoming.files.length),
      replyToId: input.replyToId ?? null,
      clientId: input.clientId ?? null,
    };
    const first = await findFirst(deps.db, found, message.clientId);
    if (first !== null) return first;
    if (found.conversation.closedAt !== null) throw conversationClosed();
    refuseTooMany(incoming.files.length, deps.filesPerMessage);
    await requireQuoted(deps.db, found, message.replyToId);
    return send(deps, found, message, incoming);
  },

  /**
   * Attaches more files to a message of the viewer's own, all or nothing.
   *
   * @throws GONE for a deleted message, CONFLICT when the conversation is closed, QUOTA_EXCEEDED, and what the ingest
   *   throws
   */
  async addAttachments(
    viewer: Viewer,
    input: AddingFiles,
    incoming: IncomingFiles,
  ): Promise<ChatMessageView> {
    const found = await requireMessage(deps.db, viewer, input.messageId, "attachTo");
    requireOpen(found);
    const { length } = incoming.files;
    if (length === 0) throw badUserInput("Give at least one file.", { field: "files" });
    const { companyId, id } = found.message;
    const present = await countLiveOfParent(deps.db, companyId, { kind: "message", id });
    refuseMoreFiles(present, length, deps.filesPerMessage);
    return attach(deps, found, input.description?.trim() || null, incoming);
  },
});

/** Files of a message that has been sent already. */
export interface AddingFiles {
  readonly messageId: string;
  readonly description?: string | null | undefined;
}

/** The checked content of a new message. */
interface Draft {
  readonly body: string;
  readonly replyToId: string | null;
  readonly clientId: string | null;
}

/** The message was sent before. Thrown inside the transaction, so that nothing of the repeated message is stored. */
class SentBefore extends Error {
  constructor(readonly first: ChatMessageView) {
    super("sent before");
  }
}

async function send(
  { attachments, ingest }: ChatMessageDeps,
  found: FoundConversation,
  draft: Draft,
  incoming: IncomingFiles,
): Promise<ChatMessageView> {
  const { viewer, conversation } = found;
  const { companyId } = conversation;
  const inTransaction = async (tx: Database, files: readonly RecordedFile[]) => {
    const message = await record(tx, found, draft);
    const parent = { kind: "message", id: message.id } as const;
    await attachments.attachFiles(tx, { viewer, companyId, parent, files, description: null });
    recordConversationEvent(tx, conversation, "message.added", { messageId: message.id });
    return message;
  };
  const permit = async (tx: Database, known: Actor) => {
    await lockConversation(tx, conversation.id);
    await requireConversation(tx, known, conversation.id, "sendTo");
  };
  try {
    return await ingest.ingestFiles({ viewer, companyId, bucket: "CHAT", incoming, permit, inTransaction });
  } catch (error) {
    if (error instanceof SentBefore) return error.first;
    throw error;
  }
}

/** Files are attached as a message is sent: not to a deleted one, and not in a closed conversation. */
function requireOpen({ message, conversation }: FoundMessage): void {
  if (message.isDeleted) throw gone("message");
  if (conversation.closedAt !== null) throw conversationClosed();
}

async function attach(
  { attachments, ingest }: ChatMessageDeps,
  { viewer, message, conversation }: FoundMessage,
  description: string | null,
  incoming: IncomingFiles,
): Promise<ChatMessageView> {
  const { id: messageId, companyId } = message;
  const parent = { kind: "message", id: messageId } as const;
  const permit = async (tx: Database, known: Actor) => {
    await lockConversation(tx, conversation.id);
    requireOpen(await requireMessage(tx, known, messageId, "attachTo"));
  };
  const inTransaction = async (tx: Database, files: readonly RecordedFile[]) => {
    const ids = await attachments.attachFiles(tx, { viewer, companyId, parent, files, description });
    for (const attachmentId of ids)
      recordConversationEvent(tx, conversation, "attachment.added", { attachmentId, messageId });
  };
  await ingest.ingestFiles({ viewer, companyId, bucket: "CHAT", incoming, permit, inTransaction });
  return message;
}

/** Runs under the conversation's lock, so that what it reads does not change. */
async function record(tx: Database, found: FoundConversation, draft: Draft): Promise<ChatMessageView> {
  const { id: conversationId, companyId } = found.conversation;
  const number = await countMessage(tx, companyId, conversationId);
  const first = await findFirst(tx, found, draft.clientId);
  if (first !== null) throw new SentBefore(first);
  if (number === null) throw conversationClosed();
  await requireQuoted(tx, found, draft.replyToId);
  return insertMessage(tx, found.viewer, { companyId, conversationId, number, ...draft });
}

const findFirst = async (
  db: Database,
  { viewer, conversation }: FoundConversation,
  clientId: string | null,
): Promise<ChatMessageView | null> =>
  clientId === null
    ? null
    : findMessageByClientId(
        db,
        { companyId: conversation.companyId, conversationId: conversation.id },
        viewer,
        clientId,
      );

/** A message replies only to one of the same conversation, deleted or not. @throws BAD_USER_INPUT */
async function requireQuoted(
  db: Database,
  { conversation }: FoundConversation,
  replyToId: string | null,
): Promise<void> {
  if (replyToId === null) return;
  const tenant = { companyIds: [conversation.companyId] };
  const quoted = isId(replyToId) ? await findMessage(db, tenant, replyToId) : null;
  if (quoted?.conversationId !== conversation.id) throw messageOfAnotherConversation("replyToId");
}

/** @throws BAD_USER_INPUT for a message without text and files */
export function bodyWith(body: string, files: number): string {
  if (body.trim() !== "") return body;
  if (files === 0) throw badUserInput("A message says something, or has a file.", { field: "body" });
  return "";
}

function refuseTooMany(files: number, limit: number): void {
  if (files > limit)
    throw badUserInput(`A message takes ${limit} files at most; this one has ${files}.`, {
      limit,
      actual: files,
    });
}
