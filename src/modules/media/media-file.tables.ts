import { sql } from "drizzle-orm";
import { index, pgEnum, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { users } from "../identity/user.tables.js";
import { blobs } from "./blob.tables.js";

export const bucket = pgEnum("bucket", [
  "COMPANY_LOGOS",
  "AVATARS",
  "ATTACHMENTS",
  "CHAT",
  "PHOTOS",
  "VIDEOS",
  "PUBLIC_PAGES",
]);

/** Uploaded files as somebody's property. Several may share the bytes of one blob. */
export const mediaFiles = pgTable(
  "media_files",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    blobId: uuid("blob_id")
      .notNull()
      .references(() => blobs.id),
    bucket: bucket("bucket").notNull(),
    fileName: text("file_name").notNull(),
    uploaderId: uuid("uploader_id")
      .notNull()
      .references(() => users.id),
    expiresAt: moment("expires_at"),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    index("media_files_by_company")
      .on(table.companyId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    index("media_files_by_blob").on(table.blobId),
    index("media_files_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type MediaFileRow = typeof mediaFiles.$inferSelect;
