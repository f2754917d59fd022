import { setTimeout as pass } from "node:timers/promises";
import { sql } from "drizzle-orm";
import type { Logger } from "pino";
import { newId } from "../../../kernel/ids.js";
import type { DatabaseClient } from "../../database/client.js";
import { listenTo } from "../../database/listen.js";
import type { BusListener, EventBus } from "./event-bus.js";
import { PendingMessages, readMessage } from "./event-bus.js";

const CHANNEL = "filedesk_events";
/** A payload has fewer than 8,000 bytes (PostgreSQL, NOTIFY). */
const MAX_BYTES = 7_900;
/** How long `close` waits for a database that does not answer. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface PostgresBusOptions {
  readonly database: Pick<DatabaseClient, "db" | "sessionUrl">;
  readonly log: Logger;
}

/**
 * An event bus on NOTIFY. Messages have statements of their own: a NOTIFY in the transaction of an event would
 * serialize all commits. Messages that are published while a statement runs are sent together by the next one.
 */
export function createPostgresBus({ database, log }: PostgresBusOptions): EventBus {
  const self = newId();
  const outbox = new PendingMessages();
  let sending: Promise<void> | null = null;
  let stopListening: (() => Promise<unknown>) | null = null;
  let isClosed = false;

  async function send(): Promise<void> {
    while (!outbox.isEmpty) {
      const messages = outbox.take(self, MAX_BYTES);
      if (messages.length === 0) return;
      try {
        // Notifications need not be durable, and a flush would delay the next statement.
        await database.db.execute(sql`
          select set_config('synchronous_commit', 'off', true), pg_notify(${CHANNEL}, message)
          from unnest(${sql.param(messages)}::text[]) message`);
      } catch (error) {
        log.debug({ err: error }, "other processes could not be notified; they poll the event log");
      }
    }
  }

  function startSending(): void {
    sending ??= send().then(() => {
      sending = null;
      if (!outbox.isEmpty) startSending();
    });
  }

  async function finish(): Promise<void> {
    while (sending) await sending;
    await stopListening?.().catch(() => {});
  }

  return {
    publish(message) {
      outbox.add(message);
      startSending();
    },
    async listen({ received, connected }: BusListener) {
      const onMessage = (text: string) => {
        const read = readMessage(text);
        if (read && read.from !== self && !isClosed) received(read.message, read.from);
      };
      stopListening = await listenTo({
        url: database.sessionUrl,
        channel: CHANNEL,
        onMessage,
        onListening: () => {
          if (!isClosed) connected();
        },
      });
    },
    async close() {
      isClosed = true;
      const timeout = new AbortController();
      const { signal } = timeout;
      await Promise.race([finish(), pass(CLOSE_TIMEOUT_MS, null, { signal, ref: false }).catch(() => {})]);
      timeout.abort();
    },
  };
}
