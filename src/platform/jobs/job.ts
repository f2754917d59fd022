import type { Database } from "../database/client.js";

/**
 * A kind of background work, which any free worker runs. A run can be interrupted at any moment and is then repeated,
 * so `run` is idempotent.
 */
export interface Job<Data extends object = object> {
  /** Also the name of the queue: lower-case letters and hyphens. */
  readonly name: string;
  /** Maximum concurrent runs in a process. */
  readonly atOnce: number;
  /** After this time a run is aborted and counts as failed. */
  readonly timeoutSeconds: number;
  /** How often a failed run is retried, with a delay that doubles each time; then the job becomes a dead letter. */
  readonly retries: number;
  /** Delay before the first retry, in seconds; 2 by default. No delay is longer than an hour. */
  readonly retryAfterSeconds?: number;
  /**
   * The schedule of a recurring job: a cron expression, in UTC. A run that was due while no worker was running is made
   * up for once. A recurring job has at most one run at a time in the whole installation; requests in the meantime are
   * ignored.
   */
  readonly cron?: string;
  /** Called after the last retry has failed or its worker was killed; retried if it fails itself. */
  onDead?(data: Data): Promise<void>;
  /**
   * @param signal aborts when the run is given up: it timed out, the process stops, or another worker has taken it over
   * @returns the result of the run, for the log
   */
  run(data: Data, signal: AbortSignal): Promise<unknown>;
}

/** A request to run a job. */
export interface JobRequest {
  readonly name: string;
  readonly data: object;
  /**
   * The owner, such as a company. Groups take turns, so that a thousand jobs of one group do not delay the others. Jobs
   * without a group run in the order of their requests.
   */
  readonly group?: string;
}

/** Enqueues jobs in the transaction that makes them necessary, so that a rollback leaves none. */
export interface JobSender {
  send(tx: Database, requests: readonly JobRequest[]): Promise<void>;
}
