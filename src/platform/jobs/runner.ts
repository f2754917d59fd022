import { DrizzleQueryError } from "drizzle-orm";
import type { JobWithMetadata } from "pg-boss";
import type { Logger } from "pino";
import { reasonForOperator } from "../../kernel/errors.js";
import type { Job } from "./job.js";

export interface Runner {
  /** Runs a claimed job and logs the outcome. @throws Error with the message that the queue stores */
  run(job: Job, claimed: JobWithMetadata): Promise<void>;
  /** Logs that a job will not be retried, and calls its `onDead`. */
  handleDead(job: Job, letter: JobWithMetadata): Promise<void>;
  /** Resolves when no job runs any more, or after the timeout. */
  settled(timeoutMs: number): Promise<void>;
}

/** Runs the jobs that the queue hands out. */
export function createRunner(log: Logger): Runner {
  const running = new Set<Promise<unknown>>();
  const track = async <Result>(work: Promise<Result>): Promise<Result> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  return {
    run: (job, claimed) => track(runLogged(job, claimed, log)),
    handleDead: (job, letter) => track(handleDeadLogged(job, letter, log)),
    async settled(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([Promise.allSettled(running), timeout]);
      clearTimeout(timer);
    },
  };
}

async function runLogged(job: Job, claimed: JobWithMetadata, log: Logger): Promise<void> {
  const { id, data, signal, retryCount, retryLimit } = claimed;
  const startedAt = performance.now();
  const details = () => ({
    job: job.name,
    jobId: id,
    attempt: retryCount + 1,
    ms: Math.round(performance.now() - startedAt),
  });
  try {
    const result = await job.run(data ?? {}, signal);
    if (signal.aborted) log.warn({ ...details(), result }, "job ended after it was aborted");
    else log.info({ ...details(), result }, "job done");
  } catch (error) {
    log.warn({ ...details(), retriesLeft: retryLimit - retryCount, err: error }, "job failed");
    throw new Error(withoutParameters(error));
  }
}

async function handleDeadLogged(job: Job, letter: JobWithMetadata, log: Logger): Promise<void> {
  const { data, sourceId, sourceRetryCount, sourceOutput } = letter;
  const details = { job: job.name, jobId: sourceId, tries: (sourceRetryCount ?? 0) + 1, data };
  log.error({ ...details, failure: sourceOutput }, "job is a dead letter: it has failed too often");
  try {
    await job.onDead?.(data ?? {});
  } catch (error) {
    log.error({ ...details, err: error }, "the dead-letter handler of a job failed");
    throw new Error(withoutParameters(error));
  }
}

/** The error message that the queue stores. It excludes parameters of statements, which may be personal data. */
function withoutParameters(error: unknown): string {
  const { message } =
    error instanceof DrizzleQueryError
      ? (error.cause ?? { message: "a statement failed" })
      : reasonForOperator(error as Error);
  return message ?? String(error);
}
