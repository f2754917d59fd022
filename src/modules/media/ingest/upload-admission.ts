import { rateLimited } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";
import type { LimitFor } from "../../identity/api-keys/api-key-limits.js";
import type { Identified } from "../../identity/viewer.js";

export interface UploadLimits {
  /** Requests with files. */
  readonly perMinute: number;
  /** Files, over all ways together. */
  readonly filesPerMinute: number;
  readonly atOnce: number;
  /** What the limits of a person are for others. */
  readonly limitFor: LimitFor;
}

/** Seconds after which to retry when one's own uploads are in progress. */
const RETRY_SECONDS = 5;

export type UploadAdmission = ReturnType<typeof createUploadAdmission>;

const WINDOW_SECONDS = 60;

/** A place among the concurrent uploads of a person. */
export interface UploadPlace {
  release(): void;
}

/**
 * Admits requests with files and the files themselves: numbers per minute for each user or API key on all servers together, and a
 * number of concurrent requests on this server. The latter protect this process, which therefore counts them itself.
 */
export function createUploadAdmission(
  db: Database,
  { perMinute, filesPerMinute, atOnce, limitFor }: UploadLimits,
) {
  const underWay = new Map<string, number>();
  const change = (userId: string, by: number) => {
    const count = (underWay.get(userId) ?? 0) + by;
    if (count === 0) underWay.delete(userId);
    else underWay.set(userId, count);
  };
  const occupy = ({ id, kind }: Identified): UploadPlace => {
    const limit = limitFor({ kind }, atOnce);
    if ((underWay.get(id) ?? 0) >= limit)
      throw rateLimited(`You have ${limit} uploads under way: wait until one of them is done.`, {
        policy: "uploads-at-once",
        limit,
        retryAfter: RETRY_SECONDS,
      });
    change(id, 1);
    return { release: () => change(id, -1) };
  };
  return {
    /** Takes a place among the concurrent ones, for bytes of an upload that was admitted before. @throws RATE_LIMITED */
    occupy,

    /** Counts files, all of them or none, before the first of their bytes is read. @throws RATE_LIMITED */
    async admitFiles({ id, kind, client }: Identified, files: number): Promise<void> {
      if (files === 0) return;
      const rate = {
        policy: "upload-files",
        whose: id,
        limit: limitFor({ kind }, filesPerMinute),
        windowSeconds: WINDOW_SECONDS,
        message: "Too many files",
        uses: files,
      };
      await countUse(db, rate, client?.rateUses);
    },

    /** Counts a request with files. @throws RATE_LIMITED */
    async admit(uploader: Identified): Promise<UploadPlace> {
      const { id, client } = uploader;
      const place = occupy(uploader);
      const rate = {
        policy: "uploads",
        whose: id,
        limit: limitFor(uploader, perMinute),
        windowSeconds: WINDOW_SECONDS,
        message: "Too many uploads",
      };
      try {
        await countUse(db, rate, client?.rateUses);
      } catch (error) {
        place.release();
        throw error;
      }
      return place;
    },
  };
}
