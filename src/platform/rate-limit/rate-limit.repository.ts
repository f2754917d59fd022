import { sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { SECOND_MS } from "../../kernel/clock.js";
import type { FiledeskError } from "../../kernel/errors.js";
import { rateLimited } from "../../kernel/errors.js";
import type { Database } from "../database/client.js";
import { deleteInBatches } from "../database/in-batches.js";
import { rateLimits } from "./rate-limit.tables.js";

export interface RateLimit {
  /** What is counted, and for whom: `upload:<user id>`. */
  readonly key: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** Beginning of the error message, before the figures. */
  readonly message: string;
}

/** Refusals are cached, so that a client over its limit costs one statement per second, however often it retries. */
const REFUSALS = { max: 10_000, ttl: SECOND_MS };
const refusalsOf = new WeakMap<Database, LRUCache<string, FiledeskError>>();

function recentRefusals(db: Database): LRUCache<string, FiledeskError> {
  const known = refusalsOf.get(db) ?? new LRUCache<string, FiledeskError>(REFUSALS);
  refusalsOf.set(db, known);
  return known;
}

/**
 * Counts one use in a fixed window that all instances share, in one statement.
 *
 * @throws RATE_LIMITED with `retryAfter` in seconds if the limit of the window is reached
 */
export async function countUse(
  db: Database,
  { key, limit, windowSeconds, message }: RateLimit,
): Promise<void> {
  const refusals = recentRefusals(db);
  const refused = refusals.get(key);
  if (refused) throw refused;
  const windowEnd = sql`now() + make_interval(secs => ${windowSeconds})`;
  // A window that ends later than possible was started before the clock was set back, and counts as ended.
  const over = sql`(${rateLimits.resetsAt} <= now() or ${rateLimits.resetsAt} > ${windowEnd} + make_interval(secs => ${windowSeconds}))`;
  const [row] = await db
    .insert(rateLimits)
    .values({ key, count: 1, resetsAt: windowEnd })
    .onConflictDoUpdate({
      target: rateLimits.key,
      set: {
        count: sql`case when ${over} then 1 else ${rateLimits.count} + 1 end`,
        resetsAt: sql`case when ${over} then ${windowEnd} else ${rateLimits.resetsAt} end`,
      },
    })
    .returning({
      count: rateLimits.count,
      seconds: sql<number>`ceil(extract(epoch from ${rateLimits.resetsAt} - now()))::int`,
    });
  if (!row || row.count <= limit) return;
  // A concurrent statement may have started before its window.
  const seconds = Math.min(Math.max(1, row.seconds), windowSeconds);
  const refusal = rateLimited(
    `${message} (${limit} in ${windowSeconds} seconds). Try again in ${seconds} seconds.`,
    seconds,
  );
  refusals.set(key, refusal);
  throw refusal;
}

/** Deletes ended windows, so that the table does not grow without bound. */
export async function deleteEndedWindows(db: Database, signal?: AbortSignal): Promise<void> {
  await deleteInBatches(db, rateLimits, sql`${rateLimits.resetsAt} < now() - interval '1 hour'`, { signal });
}
