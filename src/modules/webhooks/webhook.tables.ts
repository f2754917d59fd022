import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { moment, primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { users } from "../identity/user.tables.js";
import type { WebhookEventKind } from "./webhook-event-kind.js";

/** Receivers of a company's events, outside of Filedesk. */
export const webhooks = pgTable(
  "webhooks",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id, { onDelete: "cascade" }),
    url: text("url").notNull(),
    description: text("description").notNull().default(""),
    eventKinds: text("event_kinds").array().$type<WebhookEventKind[]>().notNull(),
    /** Encrypted (`seal-secret.ts`). */
    sealedSecret: text("sealed_secret").notNull(),
    /** Counts the rotations. */
    secretVersion: integer("secret_version").notNull().default(1),
    /** Failed attempts since the last delivery. */
    failures: integer("failures").notNull().default(0),
    disabledAt: moment("disabled_at"),
    disabledReason: text("disabled_reason"),
    createdBy: uuid("created_by")
      .notNull()
      .references(() => users.id),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    index("webhooks_by_company").on(table.companyId, table.createdAt, table.id),
    check("webhooks_kinds", sql`cardinality(${table.eventKinds}) > 0`),
    check("webhooks_disabled", sql`(${table.disabledAt} is null) = (${table.disabledReason} is null)`),
  ],
);

/**
 * The deliveries of one webhook and one subject, which are sent one after the other. A subject is the topic of the
 * events, such as a ticket's.
 */
export const webhookQueues = pgTable(
  "webhook_queues",
  {
    webhookId: uuid("webhook_id")
      .notNull()
      .references(() => webhooks.id, { onDelete: "cascade" }),
    subject: text("subject").notNull(),
    companyId: uuid("company_id").notNull(),
    /** Raised with each delivery that is added: a queue that was found empty is left only if it has not changed. */
    revision: bigint("revision", { mode: "number" }).notNull().default(1),
    /** When its first delivery is sent; null if there is none. */
    dueAt: moment("due_at"),
    /** Failed attempts of its first delivery. */
    attempts: integer("attempts").notNull().default(0),
    firstAttemptAt: moment("first_attempt_at"),
    /** The process that sends; nobody else does until its lease ends. */
    lease: uuid("lease"),
    leasedUntil: moment("leased_until"),
    /** The secret that it was last sent with. */
    secretVersion: integer("secret_version"),
  },
  (table) => [
    primaryKey({ columns: [table.webhookId, table.subject] }),
    index("webhook_queues_due").on(table.webhookId, table.dueAt).where(sql`${table.dueAt} is not null`),
  ],
);

/** What is sent, and what has become of it. */
export const webhookDeliveries = pgTable(
  "webhook_deliveries",
  {
    /** The header `webhook-id`. */
    id: uuid("id").primaryKey().defaultRandom(),
    webhookId: uuid("webhook_id")
      .notNull()
      .references(() => webhooks.id, { onDelete: "cascade" }),
    companyId: uuid("company_id").notNull(),
    subject: text("subject").notNull(),
    /** The number of the event in its topic. */
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    type: text("type").notNull(),
    payload: jsonb("payload").$type<Readonly<Record<string, unknown>>>().notNull(),
    attempts: integer("attempts").notNull().default(0),
    lastAttemptAt: moment("last_attempt_at"),
    /** The HTTP status of the last answer. */
    lastStatus: integer("last_status"),
    lastError: text("last_error"),
    deliveredAt: moment("delivered_at"),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [
    unique("webhook_deliveries_by_subject").on(table.webhookId, table.subject, table.sequence),
    index("webhook_deliveries_waiting")
      .on(table.webhookId, table.subject, table.sequence)
      .where(sql`${table.deliveredAt} is null`),
    index("webhook_deliveries_list").on(table.webhookId, table.createdAt, table.id),
    index("webhook_deliveries_by_age").on(table.createdAt),
  ],
);

export type WebhookRow = typeof webhooks.$inferSelect;
export type WebhookDeliveryRow = typeof webhookDeliveries.$inferSelect;
