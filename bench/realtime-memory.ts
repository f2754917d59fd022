import { setTimeout as delay } from "node:timers/promises";
import type { Memory } from "./memory.js";
import type { Chat } from "./realtime-chat.js";

/** Numbers of idle subscribers with which memory is measured. */
export const IDLE = [1_000, 5_000] as const;
export const MAX_IDLE = Math.max(...IDLE);
const WARM_UP = 200;
/** Time until the memory for opening the connections is free again. */
const SETTLE_MS = 6_000;

/** The memory of a server with this many idle subscribers. */
export interface IdleMemory {
  readonly subscribers: number;
  /** MiB. */
  readonly resident: number;
  /** KiB for each subscriber, beyond the server without any: of resident memory, and of JavaScript's. */
  readonly each: { readonly resident: number; readonly used: number };
}

/** Measures the memory of idle subscribers. */
export async function measureIdle({ server, subscribe, send }: Chat): Promise<IdleMemory[]> {
  await send("0 Is anybody there?", false);
  const measureWith = async (count: number): Promise<Memory> => {
    const subscribers = await subscribe(count);
    try {
      // Ensures that all of them have subscribed.
      await subscribers.received(server.name === "Filedesk" ? 1 : 0);
      await delay(SETTLE_MS);
      return await server.memory();
    } finally {
      await subscribers.stop();
    }
  };
  await measureWith(WARM_UP);
  await delay(SETTLE_MS);
  const none = await server.memory();
  const kib = (bytes: number) => bytes / 1_024;
  const held: IdleMemory[] = [];
  for (const subscribers of IDLE) {
    const memory = await measureWith(subscribers);
    held.push({
      subscribers,
      resident: kib(memory.resident) / 1_024,
      each: {
        resident: kib(memory.resident - none.resident) / subscribers,
        used: kib(memory.used - none.used) / subscribers,
      },
    });
  }
  return held;
}
