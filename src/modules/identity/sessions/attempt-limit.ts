import type { Database } from "../../../platform/database/client.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";

const WINDOW_SECONDS = 60;
/**
 * Many people may share one network address, and somebody who guesses the password of an account from elsewhere must
 * not keep its owner out: both bounds by themselves are so many times that of both together.
 */
const ALONE = 10;

/** A kind of attempt: the prefix of its counters, and its name in messages. */
interface Attempted {
  readonly what: string;
  readonly spoken: string;
}

const SIGN_IN: Attempted = { what: "sign-in", spoken: "sign-in attempts" };
const PASSWORD_CHANGE: Attempted = { what: "change-password", spoken: "attempts to change the password" };
const PASSWORD_RESET: Attempted = { what: "reset-password", spoken: "attempts to reset a password" };

const REFRESH: Attempted = { what: "refresh-session", spoken: "attempts to renew a session" };

export type AttemptLimit = ReturnType<typeof createAttemptLimit>;

/**
 * Limits attempts to guess passwords and links. Each method throws RATE_LIMITED.
 *
 * @param perMinute for one account from one network address; ten times as many for either by itself
 */
export function createAttemptLimit(db: Database, perMinute: number) {
  const count = ({ what, spoken }: Attempted, whose: string, limit: number) =>
    countUse(db, {
      key: `${what}:${whose}`,
      limit,
      windowSeconds: WINDOW_SECONDS,
      message: `Too many ${spoken}`,
    });
  const countFrom = (attempted: Attempted, address: string) =>
    count(attempted, networkKeyOf(address), perMinute * ALONE);
  return {
    async signIn(email: string, address: string): Promise<void> {
      // First: so a network address cannot create more counters for e-mail addresses than it has attempts.
      await countFrom(SIGN_IN, address);
      await count(SIGN_IN, `email:${email}:${networkKeyOf(address)}`, perMinute);
      await count(SIGN_IN, `email:${email}`, perMinute * ALONE);
    },
    passwordChange: (userId: string): Promise<void> => count(PASSWORD_CHANGE, `user:${userId}`, perMinute),
    passwordReset: (address: string): Promise<void> => countFrom(PASSWORD_RESET, address),
    sessionRefresh: (address: string): Promise<void> => countFrom(REFRESH, address),
  };
}
