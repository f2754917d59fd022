import { sql } from "drizzle-orm";
import { index, pgTable, text, unique, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { mediaFiles } from "./media-file.tables.js";

/** A usage of a media file by a field of a resource. A file without usages is an orphan. */
export const mediaUsages = pgTable(
  "media_usages",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    mediaFileId: uuid("media_file_id")
      .notNull()
      .references(() => mediaFiles.id, { onDelete: "cascade" }),
    resourceType: text("resource_type").notNull(),
    resourceId: text("resource_id").notNull(),
    fieldName: text("field_name").notNull(),
    /**
     * Since when the usage is suspended, because its resource was deleted with a parent with which it can be restored.
     */
    suspendedAt: moment("suspended_at"),
    ...timestamps(),
  },
  (table) => [
    unique("media_usages_once").on(table.mediaFileId, table.resourceType, table.resourceId, table.fieldName),
    index("media_usages_by_resource").on(table.companyId, table.resourceType, table.resourceId),
    // A company has one logo and a person one avatar.
    uniqueIndex("media_usages_single")
      .on(table.resourceType, table.resourceId, table.fieldName)
      .where(sql`${table.resourceType} in ('company', 'user')`),
  ],
);
