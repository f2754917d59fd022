import { index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { mediaFiles } from "../media-file.tables.js";

/** The addresses that imported files had before; they go with the file when it is purged. */
export const legacyPaths = pgTable(
  "legacy_paths",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id, { onDelete: "cascade" }),
    /** As `readLegacyPath` writes it. A request for it names no company, so it is unique in the installation. */
    path: text("path").notNull(),
    mediaFileId: uuid("media_file_id")
      .notNull()
      .references(() => mediaFiles.id, { onDelete: "cascade" }),
    ...timestamps(),
  },
  (table) => [
    unique("legacy_paths_once").on(table.path),
    index("legacy_paths_by_file").on(table.mediaFileId),
    index("legacy_paths_by_company").on(table.companyId),
  ],
);
