import type { Clock } from "../../kernel/clock.js";
import { MINUTE_MS, SECOND_MS } from "../../kernel/clock.js";
import type { Database } from "../../platform/database/client.js";
import { isAborted, reasonOfFault } from "../../platform/http/outgoing/connection-fault.js";
import type { Poster } from "../../platform/http/outgoing/post.js";
import { TRIED_FOR_MS, waitAfter } from "./backoff.js";
import type { SecretSeal } from "./seal-secret.js";
import { signedHeaders } from "./sign.js";
import { auditWebhook } from "./webhook.audit.js";
import { updateAsDisabled } from "./webhook.repository.js";
import { bodyOf } from "./webhook-body.js";
import type { DueDelivery, LeasedQueue } from "./webhook-queue.repository.js";
import { releaseQueue, updateAsDelivered, updateAsFailed } from "./webhook-queue.repository.js";

export interface DeliverDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: SecretSeal;
  readonly poster: Poster;
  readonly log: { warn(details: object, message: string): void };
}

/** Of one request, with its answer. */
export const REQUEST_MS = 15 * SECOND_MS;
/** Longer than a request, and the wait before it. */
export const LEASE_MS = MINUTE_MS / 2;
/** A request begins within this time after its secret was read, or not at all. */
export const READ_AGAIN_AFTER_MS = 5 * SECOND_MS;
/** From so many failures in succession on, a receiver is taken to be down. */
export const FAILURES_OF_DOWN = 5;

/** Of Standard Webhooks: the receiver wants no more. */
const GONE = 410;
const MAX_ERROR_LENGTH = 500;

/** What came of an attempt. */
interface Answer {
  readonly status: number | null;
  /** Null: it was delivered. */
  readonly error: string | null;
}

export interface Delivering {
  readonly queue: LeasedQueue;
  readonly delivery: DueDelivery;
  readonly signal: AbortSignal;
}

/**
 * Sends a delivery once. A failure gives up the lease on its queue until the next attempt is due; if it has been tried
 * for too long, the webhook is disabled.
 *
 * @returns whether it was delivered
 */
export async function deliver(deps: DeliverDeps, { queue, delivery, signal }: Delivering): Promise<boolean> {
  const { db, clock } = deps;
  const { status, error } = await send(deps, delivery, signal);
  // An attempt that this process gave up says nothing about the receiver.
  if (error !== null && signal.aborted) {
    await releaseQueue(db, queue);
    return false;
  }
  const now = clock();
  if (error === null) {
    await updateAsDelivered(db, queue, { id: delivery.id, now, status }, FAILURES_OF_DOWN);
    return true;
  }
  const dueAt = new Date(now.getTime() + waitAfter(delivery.failedAttempts + 1));
  await updateAsFailed(db, queue, { id: delivery.id, now, status, error, dueAt });
  const triedFor = now.getTime() - (delivery.firstAttemptAt ?? now).getTime();
  if (status === GONE)
    await disable(deps, delivery, "The receiver answered 410: it wants no more deliveries.");
  else if (triedFor >= TRIED_FOR_MS)
    await disable(deps, delivery, `A delivery has failed for three days; the last attempt: ${error}`);
  return false;
}

async function send(
  { clock, seal, poster }: DeliverDeps,
  delivery: DueDelivery,
  signal: AbortSignal,
): Promise<Answer> {
  const { id, webhookId, url, sealedSecret } = delivery;
  const secret = seal.open(webhookId, sealedSecret);
  if (secret === null) return { status: null, error: LOST_SECRET };
  const body = bodyOf(delivery);
  const headers = {
    "content-type": "application/json",
    "user-agent": "filedesk-webhooks",
    ...signedHeaders(secret, { id, sentAt: clock(), body }),
  };
  try {
    const status = await poster.post({ url, headers, body, signal });
    const isTaken = status >= 200 && status < 300;
    return { status, error: isTaken ? null : `The receiver answered ${status}, not 2xx.` };
  } catch (error) {
    return { status: null, error: reasonOf(error as Error).slice(0, MAX_ERROR_LENGTH) };
  }
}

const LOST_SECRET =
  "The secret cannot be read with this AUTH_SECRET: it was stored with another one. Rotate it.";

const reasonOf = (error: Error): string =>
  isAborted(error)
    ? "The receiver did not answer in time."
    : `The receiver cannot be reached: ${reasonOfFault(error)}.`;

async function disable(
  { db, clock, log }: DeliverDeps,
  { webhookId, companyId }: DueDelivery,
  reason: string,
): Promise<void> {
  const webhook = { id: webhookId, companyId };
  await db.transaction(async (tx) => {
    const disabled = await updateAsDisabled(tx, webhook, { reason, now: clock() });
    if (disabled === null) return;
    await auditWebhook(tx, null, "webhook.disabled", disabled);
    log.warn({ webhookId, companyId, reason }, "a webhook has been disabled");
  });
}
