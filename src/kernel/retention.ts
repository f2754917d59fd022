import type { Clock } from "./clock.js";
import { DAY_MS } from "./clock.js";

/**
 * The one cut-off of soft deletion: what was deleted after this moment can be restored, what was deleted before it is
 * purged.
 */
export const restorableSince = (clock: Clock, retentionDays: number): Date =>
  new Date(clock().getTime() - retentionDays * DAY_MS);
