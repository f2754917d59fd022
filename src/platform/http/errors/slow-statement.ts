import { FiledeskError } from "../../../kernel/errors.js";
import { tookTooLong } from "../../database/faults.js";

const RETRY_AFTER_SECONDS = 5;

/** What a client is told when Postgres has cancelled a statement for its length; null for every other failure. */
export const slowStatement = (error: unknown): FiledeskError | null =>
  tookTooLong(error)
    ? new FiledeskError(
        "TIMED_OUT",
        `This took longer than a request may take. Ask for less, such as a smaller page or a narrower search without \`totalCount\`, or try again in ${RETRY_AFTER_SECONDS} seconds.`,
        { retryAfter: RETRY_AFTER_SECONDS },
      )
    : null;

export interface SlowStatementLog {
  warn(details: object, message: string): void;
}

/**
 * Tells the operator. It is no failure of ours: somebody asked for much, or something else holds a lock.
 *
 * @returns whether the error is of that sort
 */
export function logSlowStatement(log: SlowStatementLog, error: unknown, details: object = {}): boolean {
  const isSlow = tookTooLong(error);
  if (isSlow) log.warn(details, "a statement took too long");
  return isSlow;
}
