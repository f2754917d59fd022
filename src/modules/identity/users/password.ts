import { boundedTurns } from "../../../kernel/bounded-turns.js";
import { rateLimited } from "../../../kernel/errors.js";
import { composed } from "../../../kernel/text.js";

/** Cost of one hash (RFC 9106 §3.1). */
export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
}

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes and one lane. */
export const PASSWORD_COST: PasswordCost = { memoryKib: 19_456, passes: 2 };

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 1_024;

/** The package's `Algorithm.Argon2id`, which as an ambient const enum has no value at run time. */
const ARGON2ID = 2;

/** A hash with `PASSWORD_COST` that no password has: 16 bytes of salt, 32 bytes of hash. */
const NOBODYS_HASH = `$argon2id$v=19$m=${PASSWORD_COST.memoryKib},t=${PASSWORD_COST.passes},p=1$${"Filedesk".repeat(2)}FiledQ$${"nobody".repeat(7)}w`;

/** Native code, loaded on first use: most commands do not need it. */
const argon2 = () => import("@node-rs/argon2");

/** A hash takes some tens of milliseconds. */
const RETRY_SECONDS = 1;

const WAITING = { total: 50, perKey: 10 };

/**
 * Hashes run in the thread pool of the process, whose four threads also write and sync files: unlimited anonymous
 * hashes would block uploads.
 */
const inTurn = boundedTurns({
  running: { total: 2, perKey: 1 },
  waiting: WAITING,
  refusal: () =>
    rateLimited(`Too many passwords wait to be checked. Try again in ${RETRY_SECONDS} second.`, {
      policy: "passwords-waiting",
      limit: WAITING.perKey,
      retryAfter: RETRY_SECONDS,
    }),
});

/**
 * @param from network address or id of the caller: callers take turns
 * @param cost less than the default only in tests
 * @throws RATE_LIMITED when too many wait, in total or from this caller
 */
export const hashPasswordFrom = (from: string, password: string, cost?: PasswordCost): Promise<string> =>
  inTurn(from, () => hashPassword(password, cost));

/** For commands and start-up, which have no concurrent callers. @param cost as in `hashPasswordFrom` */
export async function hashPassword(password: string, cost: PasswordCost = PASSWORD_COST): Promise<string> {
  const { hash } = await argon2();
  return hash(composed(password), {
    algorithm: ARGON2ID,
    memoryCost: cost.memoryKib,
    timeCost: cost.passes,
    parallelism: 1,
  });
}

/**
 * Verifies a password. Without a hash (an unknown user, or an account without a password) the same work is done, so
 * that the response time does not reveal whether an account exists.
 *
 * @param from as in `hashPasswordFrom`
 * @throws RATE_LIMITED when too many wait, in total or from this caller
 */
export async function verifyPasswordFrom(
  from: string,
  passwordHash: string | null,
  password: string,
): Promise<boolean> {
  const { verify } = await argon2();
  const good = passwordHash ?? NOBODYS_HASH;
  // Passwords are hashed in NFC (RFC 8265 §4.2.2); older hashes are of the password as it was typed.
  const forms = new Set([composed(password), password]);
  const matches = await inTurn(from, async () => {
    for (const form of forms) if (await verify(good, form)) return true;
    return false;
  });
  return passwordHash !== null && matches;
}
