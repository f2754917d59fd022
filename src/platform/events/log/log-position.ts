import { cursorBeyondLog, logIsGone, notACursor } from "./cursor.errors.js";
import type { LogBounds } from "./event-log.repository.js";

/**
 * The position at which a subscription begins.
 *
 * @throws BAD_USER_INPUT if it is not a cursor or lies beyond the log; GONE if events after it have been pruned
 */
export function resolvePosition({ newest, oldest }: LogBounds, after: string | null | undefined): number {
  if (after === null || after === undefined) return newest;
  const position = /^(0|[1-9]\d{0,14})$/.test(after) ? Number(after) : null;
  if (position === null) throw notACursor(after);
  if (position > newest) throw cursorBeyondLog(position, newest);
  if (position < newest && (oldest === null || oldest > position + 1)) throw logIsGone(position);
  return position;
}
