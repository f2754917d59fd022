import { bigint, index, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { moment } from "../../database/columns.js";

/** The event log: per topic, numbered from 1 without gaps in the order of the commits. */
export const events = pgTable(
  "events",
  {
    topic: text("topic").notNull(),
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    companyId: uuid("company_id").notNull(),
    type: text("type").notNull(),
    payload: jsonb("payload").notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.topic, table.sequence] }),
    index("events_by_age").on(table.createdAt),
  ],
);

/** The counter of each topic. The lock on its row orders the topic's events by their commits. */
export const eventTopics = pgTable("event_topics", {
  topic: text("topic").primaryKey(),
  companyId: uuid("company_id"),
  sequence: bigint("sequence", { mode: "number" }).notNull(),
});
