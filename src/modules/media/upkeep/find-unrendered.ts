import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { FileToRender, RequestVariants } from "../variants/request-variants.js";
import { listUnrendered } from "./unrendered.repository.js";

export interface FindUnrenderedDeps {
  readonly db: Database;
  /** Asks, in the transaction, for the variants of these files. */
  readonly requestVariants: RequestVariants;
  /** The files whose variants have been asked for, and are not there yet. */
  readonly listAskedFor: () => Promise<ReadonlySet<string>>;
}

const PAGE = 500;

/**
 * Asks again for the variants of files that wait for them and that no job is to make: those from before there were
 * variants, and those whose job was lost. To ask twice does no harm.
 *
 * @param waitingSince files that wait for less long are left alone
 * @returns for how many files
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
