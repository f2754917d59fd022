import { timestamp, uuid } from "drizzle-orm/pg-core";
import { newId } from "../../kernel/ids.js";

/** With the precision of a JavaScript date, so that a cursor made from a row matches the row. */
const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** The primary key of every table: a UUIDv7. */
export const primaryId = () => uuid("id").primaryKey().$defaultFn(newId);

export const timestamps = () => ({
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

/** Columns for soft deletion: queries do not return a row whose `deletedAt` is set. */
export const softDelete = () => ({
  deletedAt: moment("deleted_at"),
  deletedBy: uuid("deleted_by"),
});

export { moment };
