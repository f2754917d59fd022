import { badUserInput } from "../../../kernel/errors.js";

/** @throws BAD_USER_INPUT for a moment in the past */
export function refusePast(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt != null && expiresAt <= now)
    throw badUserInput(
      `expiresAt must lie in the future; ${expiresAt.toISOString()} has passed. Leave it out for a file that stays.`,
      { field: "expiresAt" },
    );
}
