import { SECOND_MS } from "../../../kernel/clock.js";
import type { ErrorCode } from "../../../kernel/errors.js";
import { FiledeskError } from "../../../kernel/errors.js";

const CHECK_MS = 5 * SECOND_MS;

/** Other failures, such as a database that is away, say nothing of the access. */
const ENDINGS: ReadonlySet<ErrorCode> = new Set(["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "GONE"]);

/**
 * Runs work that may take hours, such as receiving a body, and checks every five seconds that it is still allowed.
 *
 * @param check throws when the access has ended
 * @param work ends when its signal is aborted, whose reason is that error
 */
export async function whileAllowed<Result>(
  check: () => Promise<unknown>,
  work: (ended: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ending = new AbortController();
  let isChecking = false;
  const checkOnce = async (): Promise<void> => {
    if (isChecking) return;
    isChecking = true;
    try {
      await check();
    } catch (error) {
      if (error instanceof FiledeskError && ENDINGS.has(error.code)) ending.abort(error);
    } finally {
      isChecking = false;
    }
  };
  const checking = setInterval(checkOnce, CHECK_MS);
  try {
    return await work(ending.signal);
  } finally {
    clearInterval(checking);
  }
}
