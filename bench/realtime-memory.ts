import { setTimeout as delay } from "node:timers/promises";
import type { Memory } from "./memory.js";
import type { Chat } from "./realtime-chat.js";

/** With how many idle subscribers memory is looked at. */
export const IDLE = [1_000, 5_000] as const;
export const MOST = Math.max(...IDLE);
const WARM_UP = 200;
/** Until what a connection needed at its beginning has gone. */
const SETTLE_MS = 6_000;

/** What a server holds with so many who wait. */
export interface Held {
  readonly subscribers: number;
  /** MiB. */
  readonly resident: number;
  /** KiB for each subscriber, over what the server holds without any: of resident memory, and of JavaScript's. */
  readonly each: { readonly resident: number; readonly used: number };
}

/** What idle subscribers cost in memory. */
export async function holdIdle({ server, gather, send }: Chat): Promise<Held[]> {
  await send("0 Is anybody there?", false);
  const look = async (subscribers: number): Promise<Memory> => {
    const crowd = await gather(subscribers);
    try {
      // Without it, it would not be certain that all of them follow already.
      await crowd.have(server.name === "Filedesk" ? 1 : 0);
      await delay(SETTLE_MS);
      return await server.memory();
    } finally {
      await crowd.disperse();
    }
  };
  await look(WARM_UP);
  await delay(SETTLE_MS);
  const none = await server.memory();
  const kib = (bytes: number) => bytes / 1_024;
  const held: Held[] = [];
  for (const subscribers of IDLE) {
    const memory = await look(subscribers);
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
