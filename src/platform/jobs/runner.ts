import { DrizzleQueryError } from "drizzle-orm";
import type { JobWithMetadata } from "pg-boss";
import type { Logger } from "pino";
import { reasonForOperator } from "../../kernel/errors.js";
import type { Job } from "./job.js";

export interface Runner {
  /** Runs a job that was claimed, and tells the log. @throws what is kept of its failure */
  run(job: Job, claimed: JobWithMetadata): Promise<void>;
  /** Tells the log and the job that it will not be tried again. */
  bury(job: Job, letter: JobWithMetadata): Promise<void>;
  /** Resolves when nothing runs here any more, or when this has taken too long. */
  settled(timeoutMs: number): Promise<void>;
}

/** Runs jobs as the queue hands them out, one at a time. */
export function createRunner(log: Logger): Runner {
  const running = new Set<Promise<unknown>>();
  const track = async <Result>(work: Promise<Result>): Promise<Result> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  return {
    run: (job, claimed) => track(runLogged(job, claimed, log)),
    bury: (job, letter) => track(buryLogged(job, letter, log)),
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
    if (signal.aborted) log.warn({ ...details(), result }, "job ended after it had been given up");
    else log.info({ ...details(), result }, "job done");
  } catch (error) {
    log.warn({ ...details(), retriesLeft: retryLimit - retryCount, err: error }, "job failed");
    throw new Error(withoutParameters(error));
  }
}

async function buryLogged(job: Job, letter: JobWithMetadata, log: Logger): Promise<void> {
  const { data, sourceId, sourceRetryCount, sourceOutput } = letter;
  const details = { job: job.name, jobId: sourceId, tries: (sourceRetryCount ?? 0) + 1, data };
  log.error({ ...details, failure: sourceOutput }, "job is a dead letter: it has failed too often");
  try {
    await job.onDead?.(data ?? {});
  } catch (error) {
    log.error({ ...details, err: error }, "the end of a job that failed too often could not be told");
    throw new Error(withoutParameters(error));
  }
}

/** What the queue keeps of a failure. A statement's parameters are what people wrote: they stay out. */
function withoutParameters(error: unknown): string {
  const { message } =
    error instanceof DrizzleQueryError
      ? (error.cause ?? { message: "a statement failed" })
      : reasonForOperator(error as Error);
  return message ?? String(error);
}
