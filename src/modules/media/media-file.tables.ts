import { sql } from "drizzle-orm";
import type { AnyPgColumn } from "drizzle-orm/pg-core";
import { bigint, check, index, pgEnum, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { guests } from "../identity/guest.tables.js";
import { users } from "../identity/user.tables.js";
import { blobs } from "./blob.tables.js";
import { Bucket } from "./buckets.js";

export const bucket = pgEnum("bucket", Bucket);

export const variantsStatus = pgEnum("variants_status", ["PENDING", "READY", "FAILED", "NOT_APPLICABLE"]);

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
    /** As its blob has them, which never change: kept here so that lists are filtered and sorted by an index. */
    size: bigint("size", { mode: "number" }).notNull(),
    mimeType: text("mime_type").notNull(),
    /** Whoever uploaded it: a person with an account, or a guest. */
    uploaderId: uuid("uploader_id").references(() => users.id),
    uploaderGuestId: uuid("uploader_guest_id").references(() => guests.id),
    expiresAt: moment("expires_at"),
    /** Whether the variants that its bucket prescribes have been made of its bytes. */
    variantsStatus: variantsStatus("variants_status").notNull().default("NOT_APPLICABLE"),
    /** The file that replaced this one; a version is read, listed and removed with that file alone. */
    versionOf: uuid("version_of").references((): AnyPgColumn => mediaFiles.id),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check("media_files_one_uploader", sql`num_nonnulls(${table.uploaderId}, ${table.uploaderGuestId}) = 1`),
    index("media_files_by_company")
      .on(table.companyId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_by_size")
      .on(table.companyId, table.size, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_by_name")
      .on(table.companyId, table.fileName, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    // What the library is narrowed by most: each keeps the order of the newest first, so that no page is sorted.
    index("media_files_by_bucket")
      .on(table.companyId, table.bucket, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_by_type")
      .on(table.companyId, table.mimeType, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_by_uploader")
      .on(table.companyId, table.uploaderId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_in_trash")
      .on(table.companyId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is not null and ${table.versionOf} is null`),
    index("media_files_versions")
      .on(table.versionOf, table.createdAt)
      .where(sql`${table.versionOf} is not null`),
    index("media_files_expiring").on(table.expiresAt).where(sql`${table.expiresAt} is not null`),
    index("media_files_by_blob").on(table.blobId),
    index("media_files_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type MediaFileRow = typeof mediaFiles.$inferSelect;
