import { sql } from "drizzle-orm";
import { bigint, boolean, check, pgTable, uuid } from "drizzle-orm/pg-core";
import { timestamps } from "./columns.js";

/** The one row that says which installation this database is: the storage's mark says the same. */
export const installations = pgTable(
  "installation",
  {
    /** Always true, so that there is one row at most. */
    isThis: boolean("is_this").primaryKey().default(true),
    id: uuid("id").notNull(),
    /** Grows with every start and every sweep, here first and in the storage's mark after: an older dump is behind the mark. */
    epoch: bigint("epoch", { mode: "number" }).notNull().default(1),
    ...timestamps(),
  },
  (table) => [check("installation_once", sql`${table.isThis}`)],
);
