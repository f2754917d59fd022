import type { Database } from "../database/client.js";

/**
 * A kind of work that is done apart from requests, by whichever worker is free. It may be cut off at any instant
 * and is then run again, so `run` is idempotent: done twice, it ends in the same state.
 */
export interface Job<Data extends object = object> {
  /** Names the queue as well: small letters and hyphens. */
  readonly name: string;
  /** How many of them a process runs at the same time at most. */
  readonly atOnce: number;
  /** After so long a run counts as failed and is aborted. */
  readonly timeoutSeconds: number;
  /** How often a failed run is tried again, each time after twice the wait; then it is a dead letter. */
  readonly retries: number;
  /** The first of these waits at most, in seconds; 2 unless given. No wait is longer than an hour. */
  readonly retryAfterSeconds?: number;
  /**
   * When it runs by itself: a cron expression, in UTC. What fell due while no worker ran is run once after a start.
   * Of a job with a time of its own there is one at a time in the whole installation: to ask for it meanwhile does nothing.
   */
  readonly cron?: string;
  /** Told when the last retry has failed, or the last worker been killed over it; again when it fails itself. */
  onDead?(data: Data): Promise<void>;
  /**
   * @param signal tells that nobody waits for the run any more: it took too long, the process stops, or another worker has it
   * @returns what the log says of the run
   */
  run(data: Data, signal: AbortSignal): Promise<unknown>;
}

/** A run of a job that is asked for. */
export interface JobRequest {
  readonly name: string;
  readonly data: object;
  /**
   * Whose it is, such as a company: groups take turns, so that one that asks a thousand times waits for itself alone.
   * Jobs without a group come in the order in which they were asked for.
   */
  readonly group?: string;
}

/** Where jobs are asked for: in the transaction that makes them necessary, so that a rollback leaves none. */
export interface JobSender {
  send(tx: Database, requests: readonly JobRequest[]): Promise<void>;
}
