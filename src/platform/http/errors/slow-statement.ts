import { FiledeskError } from "../../../kernel/errors.js";
import { tookTooLong } from "../../database/faults.js";

const RETRY_AFTER_SECONDS = 5;

/** The error for clients if Postgres has cancelled a statement after its timeout; null for other errors. */
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
 * Logs a statement that timed out as a warning. It is not a bug: the client requested much, or another transaction
 * holds a lock.
 *
 * @returns whether the error is a timed-out statement
 */
export function logSlowStatement(log: SlowStatementLog, error: unknown, details: object = {}): boolean {
  const isSlow = tookTooLong(error);
  if (isSlow) log.warn(details, "a statement took too long");
  return isSlow;
}
