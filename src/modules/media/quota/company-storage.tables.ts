import { sql } from "drizzle-orm";
import { bigint, check, integer, pgTable, uuid } from "drizzle-orm/pg-core";
import { timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";

/**
 * The stored bytes of each company, and its limit. `used_bytes` is counted by triggers on `blobs`, for all that write
 * there, older versions of the server included. A company that never had a blob or a limit has no row.
 */
export const companyStorage = pgTable(
  "company_storage",
  {
    companyId: uuid("company_id")
      .primaryKey()
      .references(() => companies.id, { onDelete: "cascade" }),
    /** The originals of its blobs, without destroyed ones. */
    usedBytes: bigint("used_bytes", { mode: "number" }).notNull().default(0),
    /** Null: no limit. */
    limitBytes: bigint("limit_bytes", { mode: "number" }),
    /** The highest threshold of the limit that is reached, in percent; 0 for none. */
    reachedPercent: integer("reached_percent").notNull().default(0),
    ...timestamps(),
  },
  (table) => [check("company_storage_limit", sql`${table.limitBytes} >= 0`)],
);

export type CompanyStorageRow = typeof companyStorage.$inferSelect;
