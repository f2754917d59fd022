import { setTimeout as pass } from "node:timers/promises";
import { sql } from "drizzle-orm";
import type { Logger } from "pino";
import { newId } from "../../../kernel/ids.js";
import type { DatabaseClient } from "../../database/client.js";
import { listenTo } from "../../database/listen.js";
import type { BusListener, EventBus } from "./event-bus.js";
import { PendingMessages, readMessage } from "./event-bus.js";

const CHANNEL = "filedesk_events";
/** Postgres takes less than 8,000 bytes (PostgreSQL, NOTIFY). */
const MAX_BYTES = 7_900;
/** How long a database that does not answer may hold up the end of the process. */
const PATIENCE_MS = 2_000;

export interface PostgresBusOptions {
  readonly database: Pick<DatabaseClient, "db" | "url">;
  readonly log: Logger;
}

/**
 * News by NOTIFY, in statements of their own: in the transaction that they are about they would make all commits wait
 * for each other. What comes while one statement is under way goes out together with the next.
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
        // Nobody needs it on the disk, and a flush would make the other statements of this kind wait.
        await database.db.execute(sql`
          select set_config('synchronous_commit', 'off', true), pg_notify(${CHANNEL}, message)
          from unnest(${sql.param(messages)}::text[]) message`);
      } catch (error) {
        log.debug({ err: error }, "other processes could not be woken; they look by themselves");
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
    publish(news) {
      outbox.add(news);
      startSending();
    },
    async listen({ received: heard, connected: listens }: BusListener) {
      const hear = (message: string) => {
        const read = readMessage(message);
        if (read && read.from !== self && !isClosed) heard(read.news, read.from);
      };
      stopListening = await listenTo({
        url: database.url,
        channel: CHANNEL,
        hear,
        listens: () => {
          if (!isClosed) listens();
        },
      });
    },
    async close() {
      isClosed = true;
      const patience = new AbortController();
      const { signal } = patience;
      await Promise.race([finish(), pass(PATIENCE_MS, null, { signal, ref: false }).catch(() => {})]);
      patience.abort();
    },
  };
}
