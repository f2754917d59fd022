import { fork } from "node:child_process";
import { once } from "node:events";
import { exitOf, modulePath } from "./processes.js";
import type { Arrivals, Command, SubscribersOptions } from "./subscribers.js";

/** Subscribers in a process of their own. */
export interface SubscribersProcess {
  /** Resolves when every subscriber has received so many messages. */
  received(count: number): Promise<void>;
  /** When each message from this one on arrived, at each subscriber. */
  arrivalsFrom(first: number): Promise<Arrivals>;
  stop(): Promise<void>;
}

export async function startSubscribers(subscribers: SubscribersOptions): Promise<SubscribersProcess> {
  const child = fork(modulePath("subscribers.js"), [], { serialization: "advanced" });
  const ended = exitOf(child, "the subscribers' process");
  ended.catch(() => {});
  const ask = async (command: Command): Promise<Arrivals | null> => {
    child.send(command);
    const [answer] = (await Promise.race([once(child, "message"), ended])) as [
      { result: Arrivals | null } | { error: string },
    ];
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  };
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.disconnect();
    await exit;
  };
  try {
    await ask({ kind: "open", subscribers });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    received: async (count) => void (await ask({ kind: "await", count })),
    arrivalsFrom: async (from) => (await ask({ kind: "arrivals", from })) ?? [],
    stop,
  };
}
