import { sql } from "drizzle-orm";
import { check, index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { guests } from "../identity/guest.tables.js";
import { users } from "../identity/user.tables.js";
import { mediaFiles } from "../media/media-file.tables.js";

/**
 * A media file attached to exactly one parent.
 * The parents' tables belong to higher modules, so their foreign keys are added by a separate migration (see
 * docs/decisions/0003).
 */
export const attachments = pgTable(
  "attachments",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    mediaFileId: uuid("media_file_id")
      .notNull()
      .references(() => mediaFiles.id),
    ticketId: uuid("ticket_id"),
    replyId: uuid("reply_id"),
    messageId: uuid("message_id"),
    /**
     * The ticket or conversation that the parent belongs to, so that their files are listed by one index. A trigger
     * sets it (drizzle/0025_attachments_by_thread.sql).
     */
    threadId: uuid("thread_id"),
    description: text("description"),
    /** The uploader: a person with an account, or a guest. */
    uploaderId: uuid("uploader_id").references(() => users.id),
    uploaderGuestId: uuid("uploader_guest_id").references(() => guests.id),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check(
      "attachments_one_parent",
      sql`num_nonnulls(${table.ticketId}, ${table.replyId}, ${table.messageId}) = 1`,
    ),
    check("attachments_one_uploader", sql`num_nonnulls(${table.uploaderId}, ${table.uploaderGuestId}) = 1`),
    index("attachments_by_ticket")
      .on(table.ticketId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("attachments_by_reply")
      .on(table.replyId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("attachments_by_message")
      .on(table.messageId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("attachments_by_media_file").on(table.mediaFileId),
    // Of all, deleted or not: the foreign keys look here when a parent is purged.
    index("attachments_of_ticket")
      .on(table.ticketId, table.deletedAt, table.id)
      .where(sql`${table.ticketId} is not null`),
    index("attachments_of_reply")
      .on(table.replyId, table.deletedAt, table.id)
      .where(sql`${table.replyId} is not null`),
    index("attachments_of_message")
      .on(table.messageId, table.deletedAt, table.id)
      .where(sql`${table.messageId} is not null`),
    index("attachments_by_thread")
      .on(table.threadId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("attachments_deleted_by_thread")
      .on(table.threadId, table.deletedAt, table.id)
      .where(sql`${table.deletedAt} is not null`),
    index("attachments_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type AttachmentRow = typeof attachments.$inferSelect;
