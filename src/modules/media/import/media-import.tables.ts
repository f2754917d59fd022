import { index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { mediaFiles } from "../media-file.tables.js";

/** Imported entries of manifests. Written together with the file. */
export const mediaImports = pgTable(
  "media_imports",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id, { onDelete: "cascade" }),
    /** What identifies the entry: see `entryHash`. */
    entryHash: text("entry_hash").notNull(),
    /** Null for a message, and after the file has been purged: what was purged is not imported again. */
    mediaFileId: uuid("media_file_id").references(() => mediaFiles.id, { onDelete: "set null" }),
    ...timestamps(),
  },
  (table) => [
    unique("media_imports_once").on(table.companyId, table.entryHash),
    index("media_imports_by_file").on(table.mediaFileId),
  ],
);
