import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { moment } from "../database/columns.js";

/** One row for each rate limit key, shared by all instances of the server. */
export const rateLimits = pgTable("rate_limits", {
  key: text("key").primaryKey(),
  count: integer("count").notNull(),
  resetsAt: moment("resets_at").notNull(),
});
