import { integer, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { blobs } from "../blob.tables.js";

/** Variants of a blob, by the name of their preset. A row exists only as long as its bytes. */
export const blobVariants = pgTable(
  "blob_variants",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    blobId: uuid("blob_id")
      .notNull()
      .references(() => blobs.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    storageKey: text("storage_key").notNull().unique(),
    mimeType: text("mime_type").notNull(),
    width: integer("width").notNull(),
    height: integer("height").notNull(),
    size: integer("size").notNull(),
    sha256: text("sha256").notNull(),
    ...timestamps(),
  },
  (table) => [unique("blob_variants_once").on(table.blobId, table.name)],
);
