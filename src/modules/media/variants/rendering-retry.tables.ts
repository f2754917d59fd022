import { index, integer, pgTable, uuid } from "drizzle-orm/pg-core";
import { moment } from "../../../platform/database/columns.js";
import { mediaFiles } from "../media-file.tables.js";

/**
 * Files whose rendering failed for a temporary reason, such as a full disk, and when it is retried. Permanent failures
 * have no row.
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
