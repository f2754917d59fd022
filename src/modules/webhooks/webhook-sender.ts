import { setTimeout as pass } from "node:timers/promises";
import { SECOND_MS } from "../../kernel/clock.js";
import { newId } from "../../kernel/ids.js";
import { throttledWarning } from "../../platform/events/feed/throttled-warning.js";
import type { DeliverDeps } from "./deliver.js";
import { deliver, FAILURES_OF_DOWN, LEASE_MS, READ_AGAIN_AFTER_MS } from "./deliver.js";
import type { LeasedQueue } from "./webhook-queue.repository.js";
import { findHead, leaseQueues, releaseQueue, settleEmptyQueue } from "./webhook-queue.repository.js";

export interface WebhookSenderDeps extends DeliverDeps {
  readonly log: Parameters<typeof throttledWarning>[0];
}

/** Sends what is due to the webhooks of all companies. Any number of processes may do so. */
export interface WebhookSender {
  start(): void;
  /** Looks at once for what is due. */
  wake(): void;
  /** Takes no more queues, and waits for requests that are under way; after the timeout they are given up. */
  stop(timeoutMs: number): Promise<void>;
}

/** How often it looks for what is due: retries, and what other processes have recorded. */
const POLL_MS = SECOND_MS;
/** The most requests at once: of this process, for one company, and to one webhook. */
const [AT_ONCE, PER_COMPANY, PER_WEBHOOK] = [32, 8, 4];
/** How long requests that are given up may take to end: a shutdown does not wait for one that never does. */
const GIVEN_UP_MS = 2 * SECOND_MS;
/** Then a queue goes to the end of the line: after so many deliveries, or the first one after this time. */
const [DELIVERIES_PER_TURN, TURN_MS] = [50, 5 * SECOND_MS];

export function createWebhookSender(deps: WebhookSenderDeps): WebhookSender {
  const { db } = deps;
  const logFault = throttledWarning(deps.log);
  const sending = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const givenUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | null = null;
  let isAskedAgain = false;
  let isStopped = true;

  const count = (webhookId: string, change: number) => {
    const now = (sending.get(webhookId) ?? 0) + change;
    if (now > 0) sending.set(webhookId, now);
    else sending.delete(webhookId);
  };

  const take = (queue: LeasedQueue): void => {
    count(queue.webhookId, 1);
    const work = sendAll(deps, { queue, isStopped: () => isStopped, signal: givenUp.signal })
      .catch(logFault)
      .finally(() => {
        count(queue.webhookId, -1);
        running.delete(work);
        wake();
      });
    running.add(work);
  };

  const look = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      const limit = AT_ONCE - running.size;
      if (limit <= 0 || isStopped) return;
      const request = {
        lease: newId(),
        leaseMs: LEASE_MS,
        limit,
        perWebhook: PER_WEBHOOK,
        perCompany: PER_COMPANY,
        sending,
      };
      for (const queue of await leaseQueues(db, { ...request, failuresOfDown: FAILURES_OF_DOWN }))
        take(queue);
    } while (isAskedAgain);
  };

  function wake(): void {
    isAskedAgain = true;
    if (isStopped) return;
    looking ??= look()
      .catch(logFault)
      .finally(() => {
        looking = null;
      });
  }

  return {
    start() {
      isStopped = false;
      timer = setInterval(wake, POLL_MS).unref();
      wake();
    },
    wake,
    async stop(timeoutMs) {
      isStopped = true;
      clearInterval(timer);
      await looking;
      const all = Promise.all(running);
      const waited = new AbortController();
      await Promise.race([all, pass(timeoutMs, undefined, { signal: waited.signal }).catch(() => {})]);
      waited.abort();
      givenUp.abort();
      await Promise.race([all, pass(GIVEN_UP_MS, undefined, { ref: false })]);
      deps.poster.close();
    },
  };
}

interface Sending {
  readonly queue: LeasedQueue;
  readonly isStopped: () => boolean;
  /** Gives up the request that is under way. */
  readonly signal: AbortSignal;
}

/** Sends what a queue contains, one after the other. */
async function sendAll(deps: DeliverDeps, { queue, isStopped, signal }: Sending): Promise<void> {
  const { db } = deps;
  const begun = performance.now();
  for (let sent = 0; sent < DELIVERIES_PER_TURN && !isStopped(); sent++) {
    const readAt = performance.now();
    if (readAt - begun > TURN_MS) break;
    const head = await findHead(db, queue, LEASE_MS);
    if (head === null) break;
    const { delivery, revision } = head;
    if (delivery === null) return settleEmptyQueue(db, queue, revision);
    // A rotation of the secret does not wait for a process that was suspended so long.
    if (performance.now() - readAt > READ_AGAIN_AFTER_MS) continue;
    if (!(await deliver(deps, { queue, delivery, signal }))) return;
  }
  await releaseQueue(db, queue);
}
