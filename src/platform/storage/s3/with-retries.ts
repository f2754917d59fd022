import { setTimeout as delay } from "node:timers/promises";
import { SECOND_MS } from "../../../kernel/clock.js";
import { isTransient, Stalled, storageFault } from "./s3-faults.js";
import type { S3Store } from "./s3-store.js";

/** One try of a request. */
export interface Attempt {
  /** Ends the request when it has stalled. */
  readonly signal: AbortSignal;
  /** Starts the time-out anew: bytes have moved. */
  progressed(): void;
}

export interface RetryOptions {
  /** How long an attempt may do without progress. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** Errors that the caller handles: they are thrown as they are. */
  readonly expected?: (error: unknown) => boolean;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5 * SECOND_MS;

/** Waits before another attempt: twice as long each time, with jitter, so that many clients do not come at once. */
export const backOff = (failures: number, signal?: AbortSignal): Promise<void> =>
  delay(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)), undefined, {
    ...(signal && { signal }),
  });

/**
 * Sends a request, and again if it failed for a reason that may pass.
 *
 * @param doing what the request is for, for messages
 * @throws StorageFault with the reason in words; the `expected` errors as they are
 */
export async function withRetries<Result>(
  store: S3Store,
  doing: string,
  send: (attempt: Attempt) => Promise<Result>,
  {
    timeoutMs = store.timeouts.stallMs,
    attempts = store.attempts,
    expected = () => false,
  }: RetryOptions = {},
): Promise<Result> {
  for (let failures = 0; ; ) {
    try {
      return await timed(send, timeoutMs);
    } catch (error) {
      if (expected(error)) throw error;
      failures += 1;
      const fault = storageFault(store, doing, error);
      if (failures >= attempts || !isTransient(error)) throw fault;
      store.onRetry(fault.message);
      await backOff(failures);
    }
  }
}

async function timed<Result>(
  send: (attempt: Attempt) => Promise<Result>,
  timeoutMs: number,
): Promise<Result> {
  const controller = new AbortController();
  const stalled = new Stalled(`no answer within ${timeoutMs} ms`);
  const timer = setTimeout(() => controller.abort(stalled), timeoutMs);
  try {
    return await send({ signal: controller.signal, progressed: () => void timer.refresh() });
  } catch (error) {
    throw controller.signal.aborted ? stalled : error;
  } finally {
    clearTimeout(timer);
  }
}
