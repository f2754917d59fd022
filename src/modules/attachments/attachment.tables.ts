import { sql } from "drizzle-orm";
import { check, index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { users } from "../identity/user.tables.js";
import { mediaFiles } from "../media/media-file.tables.js";

/**
 * A media file attached to exactly one parent.
 *
 * The parents' tables belong to modules above this one, so their foreign keys are added by a migration of
 * their own (see docs/decisions/0003). The chat module will add `message_id` in the same way.
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
    description: text("description"),
    uploaderId: uuid("uploader_id")
      .notNull()
      .references(() => users.id),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check("attachments_one_parent", sql`num_nonnulls(${table.ticketId}, ${table.replyId}) = 1`),
    index("attachments_by_ticket")
      .on(table.ticketId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("attachments_by_reply")
      .on(table.replyId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("attachments_by_media_file").on(table.mediaFileId),
    index("attachments_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type AttachmentRow = typeof attachments.$inferSelect;
