import { sql } from "drizzle-orm";
import { check, index, integer, pgEnum, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { users } from "../../identity/user.tables.js";
import { mediaFiles } from "../../media/media-file.tables.js";
import { tickets } from "../ticket.tables.js";

export const postKind = pgEnum("media_post_kind", ["PHOTO", "PHOTO_SERIES", "VIDEO_CLIP"]);

/** Photos, series of photos and clips on a ticket's timeline. */
export const mediaPosts = pgTable(
  "media_posts",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    ticketId: uuid("ticket_id")
      .notNull()
      .references(() => tickets.id),
    kind: postKind("kind").notNull(),
    authorId: uuid("author_id")
      .notNull()
      .references(() => users.id),
    description: text("description"),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    index("media_posts_by_ticket")
      .on(table.ticketId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    // Of all, deleted or not: the foreign key looks here when a ticket is purged.
    index("media_posts_of_ticket").on(table.ticketId, table.deletedAt, table.id),
    index("media_posts_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type PostRow = typeof mediaPosts.$inferSelect;

/** The files of a post in their order. */
export const mediaPostFiles = pgTable(
  "media_post_files",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    postId: uuid("post_id")
      .notNull()
      .references(() => mediaPosts.id, { onDelete: "cascade" }),
    mediaFileId: uuid("media_file_id")
      .notNull()
      .references(() => mediaFiles.id),
    /** From 0, without gaps. */
    orderIndex: integer("order_index").notNull(),
    caption: text("caption"),
    ...timestamps(),
  },
  (table) => [
    unique("media_post_files_once").on(table.postId, table.mediaFileId),
    check("media_post_files_order", sql`${table.orderIndex} >= 0`),
    index("media_post_files_by_file").on(table.mediaFileId),
  ],
);

export type PostFileRow = typeof mediaPostFiles.$inferSelect;
