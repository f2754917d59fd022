import { index, integer, pgTable, uuid } from "drizzle-orm/pg-core";
import { moment } from "../../../platform/database/columns.js";
import { mediaFiles } from "../media-file.tables.js";

/**
 * Files whose rendering failed for a reason that may pass, such as a full disk, and when it is tried again. What failed
 * because of the picture itself has no row.
 */
export const renderingRetries = pgTable(
  "rendering_retries",
  {
    mediaFileId: uuid("media_file_id")
      .primaryKey()
      .references(() => mediaFiles.id, { onDelete: "cascade" }),
    /** How often the job has used up its own retries. */
    failures: integer("failures").notNull(),
    retryAt: moment("retry_at").notNull(),
  },
  (table) => [index("rendering_retries_due").on(table.retryAt)],
);
