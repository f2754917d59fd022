import { timestamp, uuid } from "drizzle-orm/pg-core";
import { newId } from "../../kernel/ids.js";

/** Milliseconds, as a JavaScript date holds them, so that a cursor made from a row finds the row again. */
const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** The primary key of every table: a UUIDv7. */
export const primaryId = () => uuid("id").primaryKey().$defaultFn(newId);

export const timestamps = () => ({
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

/** A row with these is gone from every query from the moment that `deletedAt` is set. */
export const softDelete = () => ({
  deletedAt: moment("deleted_at"),
  deletedBy: uuid("deleted_by"),
});

export { moment };
