import type { Database } from "../../../platform/database/client.js";
import type { AttachmentDeletionService } from "../../attachments/attachment-deletion.service.js";
import {
  listMessagesWithFiles,
  purgeConversations,
  purgeDeletedTexts,
  purgeMessages,
} from "./chat-purge.repository.js";

export interface ChatPurgeDeps {
  readonly db: Database;
  readonly attachmentDeletions: Pick<AttachmentDeletionService, "purgeAllOf">;
}

const AT_ONCE = 500;

export type ChatPurgeService = ReturnType<typeof createChatPurgeService>;

export const createChatPurgeService = ({ db, attachmentDeletions }: ChatPurgeDeps) => ({
  /** Empties the texts of messages that were deleted before a moment; the messages keep their positions in the thread. */
  purgeDeleted: (deletedBefore: Date): Promise<void> => purgeDeletedTexts(db, deletedBefore),

  /** Purges a company's messages with their attachments. Their files are left to the media module, which purges them next. */
  async purgeMessagesOf(companyId: string, deletedBefore: Date, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const ids = await listMessagesWithFiles(db, companyId, AT_ONCE);
      if (ids.length === 0) break;
      signal?.throwIfAborted();
      await db.transaction(async (tx) => {
        for (const id of ids)
          await attachmentDeletions.purgeAllOf(
            tx,
            { companyId, parent: { kind: "message", id } },
            deletedBefore,
          );
      });
    }
    while ((await purgeMessages(db, companyId, AT_ONCE)) > 0) signal?.throwIfAborted();
  },

  /** Purges a company's conversations with their guests; call it after the purge of files, which guests may have uploaded. */
  purgeConversationsOf: (companyId: string): Promise<void> => purgeConversations(db, companyId),
});
