import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import type { FileMetadata } from "./metadata.js";

export const scanStatus = pgEnum("scan_status", [
  "PENDING",
  "CLEAN",
  "INFECTED",
  "QUARANTINED",
  "NOT_SCANNED",
]);

export const blobIntegrity = pgEnum("blob_integrity", [
  "UNVERIFIED",
  "INTACT",
  "ALTERED",
  "MISSING",
  "DESTROYED",
]);

/**
 * Bytes, stored once per company. A row exists only while its bytes do, unless a manager has destroyed them: then it
 * remembers the verdict.
 */
export const blobs = pgTable(
  "blobs",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    sha256: text("sha256").notNull(),
    size: bigint("size", { mode: "number" }).notNull(),
    mimeType: text("mime_type").notNull(),
    storageKey: text("storage_key").notNull().unique(),
    width: integer("width"),
    height: integer("height"),
    /** Of a video or a recording, in milliseconds. */
    durationMs: integer("duration_ms"),
    /** Metadata from the file itself, never a location. */
    metadata: jsonb("metadata").$type<FileMetadata>().notNull().default({}),
    /** ThumbHash in base64; null until it is rendered, and for files without a picture. */
    placeholder: text("placeholder"),
    scanStatus: scanStatus("scan_status").notNull(),
    /** When a scanner last gave a verdict. */
    scannedAt: moment("scanned_at"),
    /** The name of the signature that was detected. */
    scanResult: text("scan_result"),
    /** When a manager last released the bytes from quarantine. */
    scanReleasedAt: moment("scan_released_at"),
    /** The signatures with which they were released: these do not count against them. */
    releasedSignatures: text("released_signatures").array().notNull().default(sql`'{}'::text[]`),
    /**
     * Scans in a row that gave no verdict, and when the next is due. Bytes with a verdict have a time here from a request
     * to scan them again until the next verdict.
     */
    scanAttempts: integer("scan_attempts").notNull().default(0),
    scanRetryAt: moment("scan_retry_at"),
    /** Result of the last verification of the stored bytes, or that they were destroyed. The hash itself is never rewritten. */
    integrity: blobIntegrity("integrity").notNull().default("UNVERIFIED"),
    verifiedAt: moment("verified_at"),
    ...timestamps(),
  },
  (table) => [
    unique("blobs_once_per_company").on(table.companyId, table.sha256),
    check("blobs_sha256_form", sql`${table.sha256} ~ '^[0-9a-f]{64}$'`),
    check("blobs_not_empty", sql`${table.size} > 0`),
    index("blobs_by_scan_status").on(table.companyId, table.scanStatus),
    index("blobs_waiting_for_scan")
      .on(table.id)
      .where(sql`${table.scanStatus} in ('PENDING', 'INFECTED') or ${table.scanRetryAt} is not null`),
    index("blobs_by_integrity").on(table.companyId, table.integrity),
    index("blobs_to_verify").on(table.verifiedAt.asc().nullsFirst(), table.id),
  ],
);

export type BlobRow = typeof blobs.$inferSelect;
