import type { Database } from "../database/client.js";

/**
 * A kind of work that is done apart from requests, by whichever worker is free. It may be cut off at any instant
 * and is then run again, so `run` is idempotent: done twice, it ends in the same state.
 */
export interface Job<Data extends object = object> {
  /** Names the queue as well: small letters and hyphens. */
  readonly name: string;
  /** How many of them a worker runs at the same time. */
  readonly atOnce: number;
  /** After so long a run counts as failed and is aborted. */
  readonly timeoutSeconds: number;
  /** How often a failed run is tried again, each time after twice the wait; then it is a dead letter. */
  readonly retries: number;
  /** When it runs by itself: a cron expression, in UTC. */
  readonly cron?: string;
  /** Told once when the last retry has failed. */
  readonly onDead?: (data: Data) => Promise<void>;
  /** @returns what the log says of the run */
  run(data: Data, signal: AbortSignal): Promise<unknown>;
}

/** A run of a job that is asked for. */
export interface JobRequest {
  readonly name: string;
  readonly data: object;
}

/** Where jobs are asked for: in the transaction that makes them necessary, so that a rollback leaves none. */
export interface JobSender {
  send(tx: Database, requests: readonly JobRequest[]): Promise<void>;
}
