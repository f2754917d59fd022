import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import { recordFileEvents } from "../media-file.events.js";
import { lockMediaFiles } from "../media-file.repository.js";
import {
  forgetFailures,
  listDueRetries,
  listFailed,
  updateFailedToPending,
} from "../variants/rendering-retry.repository.js";
import type { RequestVariants } from "../variants/request-variants.js";

export interface RetryRenderingsDeps {
  readonly db: Database;
  /** Requests the variants of these files, in the transaction. */
  readonly requestVariants: RequestVariants;
}

export interface RetryRenderingsOptions extends RunOptions {
  /**
   * Whether to retry all failures at once, including those whose pause is not over and images that no decoder reads.
   */
  readonly all?: boolean | undefined;
}

export interface RetryReport {
  readonly requested: number;
}

const PAGE = 200;

/**
 * Requests again the variants of files whose rendering failed for a temporary reason, such as a full disk or an
 * unavailable storage or database. Each failure makes the pause longer, and after some days there are no more retries.
 *
 * @returns the number of files
 */
export async function retryRenderings(
  { db, requestVariants }: RetryRenderingsDeps,
  { all = false, dryRun = false, onProgress, signal }: RetryRenderingsOptions = {},
): Promise<RetryReport> {
  const list = all ? listFailed : listDueRetries;
  let requested = 0;
  for (let after: string | null = null; ; ) {
    signal?.throwIfAborted();
    const page: string[] = await list(db, after, PAGE);
    requested += dryRun ? page.length : await db.transaction(retry(page));
    if (page.length > 0) onProgress?.({ done: requested, total: null });
    after = page.at(-1) ?? null;
    if (page.length < PAGE) return { requested };
  }

  function retry(ids: readonly string[]) {
    return async (tx: Database): Promise<number> => {
      await lockMediaFiles(tx, ids);
      const pending = await updateFailedToPending(tx, ids);
      for (const { id, companyId, versionOf } of pending)
        if (versionOf === null) recordFileEvents(tx, companyId, "file.updated", [id]);
      if (all)
        await forgetFailures(
          tx,
          pending.map(({ id }) => id),
        );
      await requestVariants(tx, pending);
      return pending.length;
    };
  }
}
