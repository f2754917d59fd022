import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../database/client.js";
import { countEventsBefore, deleteEventsBefore } from "./event.repository.js";

const AT_ONCE = 5_000;

/** Deletes the events that were written before a moment. The numbering of their topics continues. */
export async function pruneEvents(
  db: Database,
  writtenBefore: Date,
  { dryRun = false, onProgress, signal }: RunOptions = {},
): Promise<{ removed: number }> {
  const total = await countEventsBefore(db, writtenBefore);
  if (dryRun) return { removed: total };
  for (let removed = 0; ; ) {
    signal?.throwIfAborted();
    const batch = await deleteEventsBefore(db, writtenBefore, AT_ONCE);
    removed += batch;
    onProgress?.({ done: removed, total });
    if (batch < AT_ONCE) return { removed };
  }
}
