import { setTimeout as pass } from "node:timers/promises";
import type { Connection } from "./connection.js";
import { connectionLost } from "./faults.js";
import { openConnection } from "./open-connection.js";

export interface ListenOptions {
  readonly url: string;
  readonly channel: string;
  onMessage(payload: string): void;
  /** Called when listening begins, for the first time and after each reconnection. */
  onListening(): void;
}

/** Interval of pings on the connection, and their timeout. */
const PING_INTERVAL_MS = 30_000;
const PING_TIMEOUT_MS = 10_000;
const RECONNECT_DELAYS_MS = [50, 200, 1_000];

/**
 * Listens on a connection of its own (LISTEN), which is renewed when it is lost.
 *
 * @returns a function that stops listening
 * @throws if the first connection fails
 */
export async function listenTo(options: ListenOptions): Promise<() => Promise<void>> {
  const stopped = new AbortController();
  let connection = await connectAndListen(options);
  options.onListening();
  const keep = async () => {
    for (let tries = 0; !stopped.signal.aborted; ) {
      await watch(connection, stopped.signal);
      if (stopped.signal.aborted) return;
      await pass(RECONNECT_DELAYS_MS[Math.min(tries++, RECONNECT_DELAYS_MS.length - 1)], null, {
        ref: false,
      });
      const renewed = stopped.signal.aborted ? null : await connectAndListen(options).catch(() => null);
      if (!renewed) continue;
      connection = renewed;
      tries = 0;
      if (stopped.signal.aborted) await connection.close();
      else options.onListening();
    }
  };
  void keep();
  return async () => {
    stopped.abort();
    await connection.close();
  };
}

async function connectAndListen({ url, channel, onMessage }: ListenOptions): Promise<Connection> {
  const connection = await openConnection({ url, onNotify: (_channel, payload) => onMessage(payload) });
  await connection.run({ text: `listen "${channel}"`, parameters: [] });
  return connection;
}

/** Resolves when the connection is lost. Pings detect a connection that was dropped silently. */
async function watch(connection: Connection, signal: AbortSignal): Promise<void> {
  while (!connection.isLost && !signal.aborted) {
    await within(PING_INTERVAL_MS, connection.lost).catch(() => {});
    if (connection.isLost || signal.aborted) return;
    const ping = connection.run({ text: "select 1", parameters: [] });
    await within(PING_TIMEOUT_MS, ping).catch(() => connection.destroy());
  }
}

/** @throws if the work takes longer */
async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(connectionLost()), milliseconds).unref();
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
