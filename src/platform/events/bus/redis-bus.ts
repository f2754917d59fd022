import { setTimeout as pass } from "node:timers/promises";
import { createClient } from "@redis/client";
import type { Logger } from "pino";
import { SECOND_MS } from "../../../kernel/clock.js";
import { newId } from "../../../kernel/ids.js";
import type { BusListener, EventBus } from "./event-bus.js";
import { PendingMessages, readMessage } from "./event-bus.js";

/** A larger message would only make others wait. */
const MAX_BYTES = 65_536;
/** How long a Redis that does not answer may hold up the beginning or the end of the process. */
const PATIENCE_MS = 2 * SECOND_MS;
/** A connection in which nothing has come for so long is dead, though nobody has said so. */
const SILENCE_MS = 12 * SECOND_MS;
const TRY_AGAIN_MS = SECOND_MS;

export interface RedisBusOptions {
  readonly url: string;
  readonly log: Logger;
  readonly silenceMs?: number;
}

/**
 * News by PUBLISH. A Redis that is down, or goes away, stops nothing: it is tried again each second, and what is told
 * meanwhile is lost, which costs those who listen a look at the log.
 */
export function createRedisBus({ url, log, silenceMs = SILENCE_MS }: RedisBusOptions): EventBus {
  const self = newId();
  const channel = channelOf(url);
  const outbox = new PendingMessages();
  const client = connectable(url, silenceMs);
  const tell = oncePerOutage(log);
  let listener: BusListener | null = null;
  let connected: Promise<void> | null = null;
  let sending: Promise<void> | null = null;
  let isClosed = false;

  /** Listens again after each new connection: the client itself renews only what was confirmed once. */
  async function begin(): Promise<void> {
    if (listener && !client.isPubSubActive) await client.subscribe(channel, hear);
    tell.back();
    if (!isClosed) listener?.connected();
  }

  function hear(message: string): void {
    const read = readMessage(message);
    if (read && read.from !== self && !isClosed) listener?.received(read.news, read.from);
  }

  /** Resolves once it is known whether Redis is there; what fails is tried again for as long as this is open. */
  function connect(): Promise<void> {
    connected ??= new Promise((resolve) => {
      setTimeout(resolve, PATIENCE_MS).unref();
      client.on("error", (error: Error) => {
        if (!isClosed) tell.away(error);
        resolve();
      });
      client.on("ready", () => begin().catch(tell.away).finally(resolve));
      client.connect().catch(() => {});
    });
    return connected;
  }

  async function send(): Promise<void> {
    await connect();
    while (!outbox.isEmpty) {
      const messages = outbox.take(self, MAX_BYTES);
      if (!client.isReady) return;
      await Promise.all(messages.map((message) => client.publish(channel, message))).catch((error) =>
        log.debug({ err: error }, "other processes could not be woken; they look by themselves"),
      );
    }
  }

  function startSending(): void {
    sending ??= send().then(() => {
      sending = null;
      if (!outbox.isEmpty) startSending();
    });
  }

  return {
    publish(news) {
      if (isClosed) return;
      outbox.add(news);
      startSending();
    },
    listen(told) {
      listener = told;
      return connect();
    },
    async close() {
      const sent = (async () => {
        while (sending) await sending;
      })();
      isClosed = true;
      const patience = new AbortController();
      const { signal } = patience;
      await Promise.race([sent, pass(PATIENCE_MS, null, { signal, ref: false }).catch(() => {})]);
      patience.abort();
      client.destroy();
    },
  };
}

/** Sees that messages arrive. @throws Error that says why they do not */
export async function checkRedis(url: string): Promise<void> {
  const channel = `${channelOf(url)}:check`;
  const client = connectable(url, PATIENCE_MS, false);
  client.on("error", () => {});
  try {
    await client.connect();
    const said = newId();
    await new Promise<void>((resolve, reject) => {
      setTimeout(
        () => reject(new Error("Redis takes messages and does not bring them")),
        PATIENCE_MS,
      ).unref();
      client.once("error", reject);
      client.subscribe(channel, (message) => message === said && resolve()).catch(reject);
      client.publish(channel, said).catch(reject);
    });
  } finally {
    client.destroy();
  }
}

/** Channels know no database: by its number, installations that share a Redis keep apart. */
const channelOf = (url: string): string => `filedesk:events:${new URL(url).pathname.slice(1) || "0"}`;

const connectable = (url: string, silenceMs: number, reconnectStrategy: number | false = TRY_AGAIN_MS) =>
  createClient({
    url,
    pingInterval: silenceMs / 3,
    maintNotifications: "disabled",
    disableClientInfo: true,
    socket: { connectTimeout: PATIENCE_MS, socketTimeout: silenceMs, reconnectStrategy },
  });

/** Each try fails in the same way: it is told once, and that it is over. */
function oncePerOutage(log: Logger) {
  let isAway = false;
  return {
    away(error: Error): void {
      if (!isAway)
        log.warn({ err: error }, "Redis cannot be used; events come a little later until it can again");
      isAway = true;
    },
    back(): void {
      if (isAway) log.info("Redis can be used again");
      isAway = false;
    },
  };
}
