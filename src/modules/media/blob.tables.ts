import { sql } from "drizzle-orm";
import { bigint, check, integer, pgEnum, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";

export const scanStatus = pgEnum("scan_status", [
  "PENDING",
  "CLEAN",
  "INFECTED",
  "QUARANTINED",
  "NOT_SCANNED",
]);

/** Bytes, stored once per company. A row exists only while its bytes do. */
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
    scanStatus: scanStatus("scan_status").notNull(),
    ...timestamps(),
  },
  (table) => [
    unique("blobs_once_per_company").on(table.companyId, table.sha256),
    check("blobs_sha256_form", sql`${table.sha256} ~ '^[0-9a-f]{64}$'`),
    check("blobs_not_empty", sql`${table.size} > 0`),
  ],
);

export type BlobRow = typeof blobs.$inferSelect;
