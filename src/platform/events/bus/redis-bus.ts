import { setTimeout as pass } from "node:timers/promises";
import { createClient } from "@redis/client";
import type { Logger } from "pino";
import { SECOND_MS } from "../../../kernel/clock.js";
import { newId } from "../../../kernel/ids.js";
import type { BusListener, EventBus } from "./event-bus.js";
import { PendingMessages, readMessage } from "./event-bus.js";

/** Larger messages would delay others. */
const MAX_BYTES = 65_536;
/** How long `listen` and `close` wait for a Redis that does not answer. */
const TIMEOUT_MS = 2 * SECOND_MS;
/** A connection that has received nothing for this long counts as lost. */
const IDLE_TIMEOUT_MS = 12 * SECOND_MS;
const RECONNECT_MS = SECOND_MS;

export interface RedisBusOptions {
  readonly url: string;
  readonly log: Logger;
  readonly idleTimeoutMs?: number;
}

/**
 * An event bus on PUBLISH. If Redis is unavailable, the client reconnects every second. Messages that are lost in the
 * meantime only cost the other processes a poll of the event log.
 */
export function createRedisBus({ url, log, idleTimeoutMs = IDLE_TIMEOUT_MS }: RedisBusOptions): EventBus {
  const self = newId();
  const channel = channelOf(url);
  const outbox = new PendingMessages();
  const client = createBusClient(url, idleTimeoutMs);
  const outages = createOutageLog(log);
  let listener: BusListener | null = null;
  let connected: Promise<void> | null = null;
  let sending: Promise<void> | null = null;
  let isClosed = false;

  /** Subscribes after each connection: the client itself renews only subscriptions that were confirmed once. */
  async function subscribe(): Promise<void> {
    if (listener && !client.isPubSubActive) await client.subscribe(channel, receive);
    outages.ended();
    if (!isClosed) listener?.connected();
  }

  function receive(text: string): void {
    const read = readMessage(text);
    if (read && read.from !== self && !isClosed) listener?.received(read.message, read.from);
  }

  /** Resolves when the first attempt has succeeded, failed or timed out; the client keeps reconnecting. */
  function connect(): Promise<void> {
    connected ??= new Promise((resolve) => {
      setTimeout(resolve, TIMEOUT_MS).unref();
      client.on("error", (error: Error) => {
        if (!isClosed) outages.began(error);
        resolve();
      });
      client.on("ready", () => subscribe().catch(outages.began).finally(resolve));
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
        log.debug({ err: error }, "other processes could not be notified; they poll the event log"),
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
    publish(message) {
      if (isClosed) return;
      outbox.add(message);
      startSending();
    },
    listen(added) {
      listener = added;
      return connect();
    },
    async close() {
      const sent = (async () => {
        while (sending) await sending;
      })();
      isClosed = true;
      const timeout = new AbortController();
      const { signal } = timeout;
      await Promise.race([sent, pass(TIMEOUT_MS, null, { signal, ref: false }).catch(() => {})]);
      timeout.abort();
      client.destroy();
    },
  };
}

/** Checks that Redis delivers messages. @throws Error with the reason if it does not */
export async function checkRedis(url: string): Promise<void> {
  const channel = `${channelOf(url)}:check`;
  const client = createBusClient(url, TIMEOUT_MS, false);
  client.on("error", () => {});
  try {
    await client.connect();
    const probe = newId();
    await new Promise<void>((resolve, reject) => {
      setTimeout(
        () => reject(new Error("Redis accepts messages but does not deliver them")),
        TIMEOUT_MS,
      ).unref();
      client.once("error", reject);
      client.subscribe(channel, (message) => message === probe && resolve()).catch(reject);
      client.publish(channel, probe).catch(reject);
    });
  } finally {
    client.destroy();
  }
}

/** Redis channels are shared by all databases of a server: the database number keeps installations apart. */
const channelOf = (url: string): string => `filedesk:events:${new URL(url).pathname.slice(1) || "0"}`;

const createBusClient = (
  url: string,
  idleTimeoutMs: number,
  reconnectStrategy: number | false = RECONNECT_MS,
) =>
  createClient({
    url,
    pingInterval: idleTimeoutMs / 3,
    maintNotifications: "disabled",
    disableClientInfo: true,
    socket: { connectTimeout: TIMEOUT_MS, socketTimeout: idleTimeoutMs, reconnectStrategy },
  });

/** Logs an outage once, and its end, although every reconnection fails. */
function createOutageLog(log: Logger) {
  let isDown = false;
  return {
    began(error: Error): void {
      if (!isDown)
        log.warn(
          { err: error },
          "Redis is unavailable; events are delivered a little later until it is back",
        );
      isDown = true;
    },
    ended(): void {
      if (isDown) log.info("Redis is available again");
      isDown = false;
    },
  };
}
