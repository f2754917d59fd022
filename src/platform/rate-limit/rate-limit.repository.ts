import { eq, sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { SECOND_MS } from "../../kernel/clock.js";
import { rateLimited } from "../../kernel/errors.js";
import type { Database } from "../database/client.js";
import { deleteInBatches } from "../database/in-batches.js";
import { rateLimits } from "./rate-limit.tables.js";
import type { RateUse } from "./rate-use.js";

export interface RateLimit {
  /** What is limited; see `RateLimitFigures`. */
  readonly policy: string;
  /** For whom it is counted: an id or a network, and nothing that a caller can choose to have another counter. */
  readonly whose: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** Beginning of the error message, before the figures. */
  readonly message: string;
  /** How many uses are counted at once, all of them or none; 1 by default. */
  readonly uses?: number;
}

/** The state of a window: after a use, or as it was when a use was refused. */
interface Window {
  readonly remaining: number;
  readonly seconds: number;
}

/**
 * Refusals are cached, so that a client over its limit costs two statements per second, however often it retries. Fewer
 * uses than were refused may still have room.
 */
const REFUSALS = { max: 10_000, ttl: SECOND_MS };
const refusalsOf = new WeakMap<Database, LRUCache<string, Window>>();

function recentRefusals(db: Database): LRUCache<string, Window> {
  const known = refusalsOf.get(db) ?? new LRUCache<string, Window>(REFUSALS);
  refusalsOf.set(db, known);
  return known;
}

/**
 * Counts uses in a fixed window that all instances share, in one statement. Uses that are refused are not counted.
 *
 * @param counted gets the state of the limit, for the headers of the response
 * @throws RATE_LIMITED with `retryAfter` in seconds if the limit of the window does not have room for them
 */
export async function countUse(db: Database, rate: RateLimit, counted?: RateUse[]): Promise<void> {
  const { policy, whose, limit, windowSeconds, message, uses = 1 } = rate;
  // No policy has a colon in its name, so keys of different policies differ, whatever `whose` contains.
  const key = `${policy}:${whose}`;
  const refusals = recentRefusals(db);
  const known = refusals.get(key);
  const refused = known !== undefined && known.remaining < uses ? known : null;
  const used = refused ? null : await addUses(db, { ...rate, key, uses });
  const window = used ?? refused ?? (await readWindow(db, { key, limit }));
  // A concurrent statement may have started before its window.
  const seconds = Math.min(Math.max(1, window.seconds), windowSeconds);
  counted?.push({ policy, limit, windowSeconds, remaining: window.remaining, resetSeconds: seconds });
  if (used) return;
  if (!refused) refusals.set(key, window);
  throw rateLimited(`${message} (${limit} in ${windowSeconds} seconds). Try again in ${seconds} seconds.`, {
    policy,
    limit,
    retryAfter: seconds,
  });
}

const secondsLeft = sql<number>`ceil(extract(epoch from ${rateLimits.resetsAt} - now()))::int`;

/** Null if the window does not have room for the uses. */
async function addUses(
  db: Database,
  {
    key,
    limit,
    windowSeconds,
    uses,
  }: Omit<RateLimit, "uses"> & { readonly key: string; readonly uses: number },
): Promise<Window | null> {
  if (uses > limit) return null;
  const windowEnd = sql`now() + make_interval(secs => ${windowSeconds})`;
  // A window that ends later than possible was started before the clock was set back, and counts as ended.
  const over = sql`(${rateLimits.resetsAt} <= now() or ${rateLimits.resetsAt} > ${windowEnd} + make_interval(secs => ${windowSeconds}))`;
  const [row] = await db
    .insert(rateLimits)
    .values({ key, count: uses, resetsAt: windowEnd })
    .onConflictDoUpdate({
      target: rateLimits.key,
      set: {
        count: sql`case when ${over} then ${uses} else ${rateLimits.count} + ${uses} end`,
        resetsAt: sql`case when ${over} then ${windowEnd} else ${rateLimits.resetsAt} end`,
      },
      setWhere: sql`${over} or ${rateLimits.count} + ${uses} <= ${limit}`,
    })
    .returning({ count: rateLimits.count, seconds: secondsLeft });
  return row ? { remaining: limit - row.count, seconds: row.seconds } : null;
}

async function readWindow(
  db: Database,
  { key, limit }: { readonly key: string; readonly limit: number },
): Promise<Window> {
  const [row] = await db
    .select({ count: rateLimits.count, seconds: secondsLeft })
    .from(rateLimits)
    .where(eq(rateLimits.key, key));
  return { remaining: Math.max(0, limit - (row?.count ?? 0)), seconds: row?.seconds ?? 1 };
}

/** Deletes ended windows, so that the table does not grow without bound. */
export async function deleteEndedWindows(db: Database, signal?: AbortSignal): Promise<void> {
  await deleteInBatches(db, rateLimits, sql`${rateLimits.resetsAt} < now() - interval '1 hour'`, { signal });
}
