import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, jsonb, pgEnum, pgTable, text, uuid } from "drizzle-orm/pg-core";
import type { ErrorCode, ErrorDetails } from "../../../kernel/errors.js";
import { moment, primaryId, timestamps } from "../../../platform/database/columns.js";
import { apiKeys } from "../../identity/api-key.tables.js";
import { companies } from "../../identity/company.tables.js";
import { guests } from "../../identity/guest.tables.js";
import { users } from "../../identity/user.tables.js";
import type { NewBlob } from "../blob.repository.js";
import { bucket, mediaFiles } from "../media-file.tables.js";

/** How the bytes of a staged upload arrive. */
export const UploadMethod = { RESUMABLE: "RESUMABLE", DIRECT: "DIRECT" } as const;
export type UploadMethod = (typeof UploadMethod)[keyof typeof UploadMethod];

export const StagedUploadStatus = {
  RECEIVING: "RECEIVING",
  CHECKING: "CHECKING",
  READY: "READY",
  REFUSED: "REFUSED",
  USED: "USED",
  CANCELLED: "CANCELLED",
} as const;
export type StagedUploadStatus = (typeof StagedUploadStatus)[keyof typeof StagedUploadStatus];

export const uploadMethod = pgEnum("upload_method", UploadMethod);
export const stagedUploadStatus = pgEnum("staged_upload_status", StagedUploadStatus);

/** What the checks of a complete upload have found. */
export interface CheckedContent {
  /** The name under which the file will be recorded. */
  readonly fileName: string;
  readonly blob: NewBlob;
}

/** How a direct upload arrives: as a multipart upload of the store, of one part or several. */
export interface StoredMultipart {
  /** The store's id of the multipart upload. */
  readonly uploadId: string;
  /** The size of every part but the last. */
  readonly partBytes: number;
}

/** Why a complete upload was refused. */
export interface StoredRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** Uploads that arrive apart from the mutation that uses them. */
export const stagedUploads = pgTable(
  "staged_uploads",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id, { onDelete: "cascade" }),
    /** The uploader: a person with an account, a guest, or an API key. */
    ownerId: uuid("owner_id").references(() => users.id),
    ownerGuestId: uuid("owner_guest_id").references(() => guests.id, { onDelete: "cascade" }),
    ownerApiKeyId: uuid("owner_api_key_id").references(() => apiKeys.id, { onDelete: "cascade" }),
    bucket: bucket("bucket").notNull(),
    method: uploadMethod("method").notNull(),
    status: stagedUploadStatus("status").notNull().default("RECEIVING"),
    /** As the client stated it. */
    fileName: text("file_name").notNull(),
    mimeType: text("mime_type"),
    /** In bytes; null until a client that did not know it at the beginning states it. */
    size: bigint("size", { mode: "number" }),
    /** How many bytes are durable. */
    receivedBytes: bigint("received_bytes", { mode: "number" }).notNull().default(0),
    /** The `Upload-Metadata` of a client that has begun it with tus, returned as it was sent. */
    tusMetadata: text("tus_metadata"),
    /** Null for resumable uploads. */
    multipart: jsonb("multipart").$type<StoredMultipart>(),
    expiresAt: moment("expires_at").notNull(),
    /** Where the checked bytes are stored; null before, and again when a blob has them. */
    storageKey: text("storage_key").unique(),
    checked: jsonb("checked").$type<CheckedContent>(),
    refusal: jsonb("refusal").$type<StoredRefusal>(),
    usedAt: moment("used_at"),
    /** What it became; null after the file has been purged. */
    mediaFileId: uuid("media_file_id").references(() => mediaFiles.id, { onDelete: "set null" }),
    /** The request that may write its bytes at present, until a moment that it keeps moving on. */
    leaseId: uuid("lease_id"),
    leaseUntil: moment("lease_until"),
    /** Another request of the owner waits for the lease. */
    isLeaseWanted: boolean("is_lease_wanted").notNull().default(false),
    ...timestamps(),
  },
  (table) => [
    check(
      "staged_uploads_one_owner",
      sql`num_nonnulls(${table.ownerId}, ${table.ownerGuestId}, ${table.ownerApiKeyId}) = 1`,
    ),
    check("staged_uploads_received", sql`${table.receivedBytes} between 0 and ${table.size}`),
    index("staged_uploads_by_owner").on(table.ownerId, table.id),
    index("staged_uploads_by_guest")
      .on(table.ownerGuestId, table.id)
      .where(sql`${table.ownerGuestId} is not null`),
    index("staged_uploads_by_api_key")
      .on(table.ownerApiKeyId, table.id)
      .where(sql`${table.ownerApiKeyId} is not null`),
    index("staged_uploads_by_company").on(table.companyId),
    index("staged_uploads_expiring").on(table.expiresAt),
    index("staged_uploads_by_file").on(table.mediaFileId).where(sql`${table.mediaFileId} is not null`),
  ],
);

export type StagedUploadRow = typeof stagedUploads.$inferSelect;
