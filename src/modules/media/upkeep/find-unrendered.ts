import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { FileToRender, RequestVariants } from "../variants/request-variants.js";
import { listUnrendered } from "./unrendered.repository.js";

export interface FindUnrenderedDeps {
  readonly db: Database;
  /** Requests the variants of these files, in the transaction. */
  readonly requestVariants: RequestVariants;
  /** The files whose variants have been requested and are not rendered yet. */
  readonly listAskedFor: () => Promise<ReadonlySet<string>>;
}

const PAGE = 500;

/**
 * Requests the variants of files that wait for them without a job: files from before there were variants, and files
 * whose job was lost. Idempotent.
 *
 * @param waitingSince files that have waited for less long are left out
 * @returns the number of files
 */
export async function findUnrendered(
  { db, requestVariants, listAskedFor }: FindUnrenderedDeps,
  waitingSince: Date,
  { dryRun = false, signal }: RunOptions = {},
): Promise<number> {
  let found = 0;
  let askedFor: ReadonlySet<string> | undefined;
  for (let after: string | null = null; ; ) {
    signal?.throwIfAborted();
    const page: FileToRender[] = await listUnrendered(db, waitingSince, after, PAGE);
    if (page.length > 0) askedFor ??= await listAskedFor();
    const forgotten = page.filter(({ id }) => !askedFor?.has(id));
    if (!dryRun && forgotten.length > 0) await db.transaction((tx) => requestVariants(tx, forgotten));
    found += forgotten.length;
    after = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return found;
  }
}
