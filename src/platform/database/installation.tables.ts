import { sql } from "drizzle-orm";
import { bigint, boolean, check, pgTable, uuid } from "drizzle-orm/pg-core";
import { timestamps } from "./columns.js";

/** A single row with the id of the installation, which the storage's mark contains too. */
export const installations = pgTable(
  "installation",
  {
    /** Always true, so that there is at most one row. */
    isThis: boolean("is_this").primaryKey().default(true),
    id: uuid("id").notNull(),
    /**
     * Increased at every start and sweep, first here and then in the storage's mark, so that a restored older dump is
     * behind the mark.
     */
    epoch: bigint("epoch", { mode: "number" }).notNull().default(1),
    ...timestamps(),
  },
  (table) => [check("installation_once", sql`${table.isThis}`)],
);
