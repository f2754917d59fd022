import { cursorBeyondLog, logIsGone, notACursor } from "./cursor.errors.js";
import type { LogReach } from "./event-log.repository.js";

/**
 * Where to begin.
 *
 * @throws BAD_USER_INPUT when it is no cursor, or one of another topic; GONE when what comes behind it has been pruned
 */
export function resolvePosition({ newest, oldest }: LogReach, after: string | null | undefined): number {
  if (after === null || after === undefined) return newest;
  const place = /^(0|[1-9]\d{0,14})$/.test(after) ? Number(after) : null;
  if (place === null) throw notACursor(after);
  if (place > newest) throw cursorBeyondLog(place, newest);
  if (place < newest && (oldest === null || oldest > place + 1)) throw logIsGone(place);
  return place;
}
