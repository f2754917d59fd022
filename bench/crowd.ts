import { fork } from "node:child_process";
import { once } from "node:events";
import { exitOf, modulePath } from "./processes.js";
import type { Arrivals, Crowd, Order } from "./subscribers.js";

/** Subscribers, in a process of their own. */
export interface CrowdProcess {
  /** Resolves when everybody has had so many messages. */
  have(count: number): Promise<void>;
  /** When each message from this one on came, at each subscriber. */
  arrivalsFrom(first: number): Promise<Arrivals>;
  disperse(): Promise<void>;
}

export async function gather(crowd: Crowd): Promise<CrowdProcess> {
  const child = fork(modulePath("subscribers.js"), [], { serialization: "advanced" });
  const ended = exitOf(child, "the subscribers' process");
  ended.catch(() => {});
  const ask = async (order: Order): Promise<Arrivals | null> => {
    child.send(order);
    const [answer] = (await Promise.race([once(child, "message"), ended])) as [
      { result: Arrivals | null } | { error: string },
    ];
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  };
  const disperse = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.disconnect();
    await exit;
  };
  try {
    await ask({ kind: "open", crowd });
  } catch (error) {
    await disperse();
    throw error;
  }
  return {
    have: async (count) => void (await ask({ kind: "await", count })),
    arrivalsFrom: async (from) => (await ask({ kind: "arrivals", from })) ?? [],
    disperse,
  };
}
