import { sql } from "drizzle-orm";
import type { AnyPgColumn } from "drizzle-orm/pg-core";
import { bigint, check, index, pgEnum, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { apiKeys } from "../identity/api-key.tables.js";
import { companies } from "../identity/company.tables.js";
import { guests } from "../identity/guest.tables.js";
import { users } from "../identity/user.tables.js";
import { blobs } from "./blob.tables.js";
import { Bucket } from "./buckets.js";

export const bucket = pgEnum("bucket", Bucket);

export const variantsStatus = pgEnum("variants_status", ["PENDING", "READY", "FAILED", "NOT_APPLICABLE"]);

/** Uploaded files of companies. Several may share one blob. */
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
    /** Copied from the blob, where they never change, so that an index filters and sorts lists. */
    size: bigint("size", { mode: "number" }).notNull(),
    mimeType: text("mime_type").notNull(),
    /** The uploader: a person with an account, a guest, or an API key. */
    uploaderId: uuid("uploader_id").references(() => users.id),
    uploaderGuestId: uuid("uploader_guest_id").references(() => guests.id),
    uploaderApiKeyId: uuid("uploader_api_key_id").references(() => apiKeys.id),
    expiresAt: moment("expires_at"),
    /** Whether the variants of its bucket's presets have been rendered. */
    variantsStatus: variantsStatus("variants_status").notNull().default("NOT_APPLICABLE"),
    /** The file of which this row is an earlier version; a version is read, listed and purged only with it. */
    versionOf: uuid("version_of").references((): AnyPgColumn => mediaFiles.id),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check(
      "media_files_one_uploader",
      sql`num_nonnulls(${table.uploaderId}, ${table.uploaderGuestId}, ${table.uploaderApiKeyId}) = 1`,
    ),
    index("media_files_by_company")
      .on(table.companyId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_by_size")
      .on(table.companyId, table.size, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    index("media_files_by_name")
      .on(table.companyId, table.fileName, table.id)
      .where(sql`${table.deletedAt} is null and ${table.versionOf} is null`),
    // The most frequent filters of the library: each index keeps the order "newest first", so that no page is sorted.
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
    index("media_files_by_api_key")
      .on(table.uploaderApiKeyId)
      .where(sql`${table.uploaderApiKeyId} is not null`),
    index("media_files_by_blob").on(table.blobId),
    index("media_files_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type MediaFileRow = typeof mediaFiles.$inferSelect;
