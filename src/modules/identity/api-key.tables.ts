import { sql } from "drizzle-orm";
import { check, index, pgEnum, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "./company.tables.js";
import { users } from "./user.tables.js";
import { ApiKeyScope } from "./viewer.js";

export const apiKeyScope = pgEnum("api_key_scope", ApiKeyScope);

/**
 * Keys of companies for their backends. A key is stored hashed. Rows stay when a key has ended: it remains the
 * uploader of its files.
 */
export const apiKeys = pgTable(
  "api_keys",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    name: text("name").notNull(),
    /** The beginning of the key, by which people recognise it. */
    prefix: text("prefix").notNull(),
    /** SHA-256 of the whole key, in hexadecimal digits. */
    keyHash: text("key_hash").notNull(),
    scopes: apiKeyScope("scopes").array().notNull(),
    /** Who created it, and must still manage the company for it to work; null for the operator. */
    createdBy: uuid("created_by").references(() => users.id),
    /** Null: it does not expire. */
    expiresAt: moment("expires_at"),
    /** To about a minute. */
    lastUsedAt: moment("last_used_at"),
    revokedAt: moment("revoked_at"),
    /** Null for the operator. */
    revokedBy: uuid("revoked_by").references(() => users.id),
    ...timestamps(),
  },
  (table) => [
    unique("api_keys_by_hash").on(table.keyHash),
    index("api_keys_by_company").on(table.companyId, table.createdAt, table.id),
    check("api_keys_scopes", sql`cardinality(${table.scopes}) > 0`),
  ],
);

export type ApiKeyRow = typeof apiKeys.$inferSelect;
