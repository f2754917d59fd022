import { rateLimited } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";
import type { Actor } from "../../identity/viewer.js";

export interface UploadLimits {
  readonly perMinute: number;
  readonly atOnce: number;
}

/** Seconds after which to retry when one's own uploads are in progress. */
const RETRY_SECONDS = 5;

export type UploadAdmission = ReturnType<typeof createUploadAdmission>;

/**
 * Admits requests with files: a number per minute for each user on all servers together, and a number of concurrent
 * ones on this server. The latter protect this process, which therefore counts them itself.
 */
export function createUploadAdmission(db: Database, { perMinute, atOnce }: UploadLimits) {
  const underWay = new Map<string, number>();
  const change = (userId: string, by: number) => {
    const count = (underWay.get(userId) ?? 0) + by;
    if (count === 0) underWay.delete(userId);
    else underWay.set(userId, count);
  };
  const occupy = ({ id }: Actor): { release(): void } => {
    if ((underWay.get(id) ?? 0) >= atOnce)
      throw rateLimited(
        `You have ${atOnce} uploads under way: wait until one of them is done.`,
        RETRY_SECONDS,
      );
    change(id, 1);
    return { release: () => change(id, -1) };
  };
  return {
    /** Takes a place among the concurrent ones, for bytes of an upload that was admitted before. @throws RATE_LIMITED */
    occupy,

    /** @throws RATE_LIMITED */
    async admit(uploader: Actor): Promise<{ release(): void }> {
      const { id } = uploader;
      const place = occupy(uploader);
      try {
        await countUse(db, {
          key: `upload:${id}`,
          limit: perMinute,
          windowSeconds: 60,
          message: "Too many uploads",
        });
      } catch (error) {
        place.release();
        throw error;
      }
      return place;
    },
  };
}
