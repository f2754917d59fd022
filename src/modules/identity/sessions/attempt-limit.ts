import type { Database } from "../../../platform/database/client.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import type { RateLimit } from "../../../platform/rate-limit/rate-limit.repository.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";
import type { RateUse } from "../../../platform/rate-limit/rate-use.js";
import type { Client, UserViewer } from "../viewer.js";
import { listSignInAddresses } from "./session.repository.js";

const WINDOW_SECONDS = 60;
/**
 * Many people may share one network address, and somebody who guesses the password of an account from elsewhere must
 * not keep its owner out: both bounds by themselves are so many times that of both together.
 */
const ALONE = 10;

/** A kind of attempt: the name of its limit, and its name in messages. */
interface Attempted {
  readonly policy: string;
  readonly spoken: string;
}

const SIGN_IN: Attempted = { policy: "sign-ins", spoken: "sign-in attempts" };
const SIGN_IN_OF_NETWORK: Attempted = { ...SIGN_IN, policy: "sign-ins-of-network" };
const SIGN_IN_OF_ACCOUNT: Attempted = { ...SIGN_IN, policy: "sign-ins-of-account" };
const PASSWORD_CHANGE: Attempted = {
  policy: "password-changes",
  spoken: "attempts to change the password",
};
const PASSWORD_RESET: Attempted = { policy: "password-resets", spoken: "attempts to reset a password" };
const REFRESH: Attempted = { policy: "session-refreshes", spoken: "attempts to renew a session" };

/**
 * Whether the person has signed in from this network before: then guesses from elsewhere do not keep them out, however
 * many networks they come from.
 */
async function signedInFrom(db: Database, email: string, address: string): Promise<boolean> {
  const addresses = await listSignInAddresses(db, email);
  return addresses.some((known) => networkKeyOf(known) === networkKeyOf(address));
}

export type AttemptLimit = ReturnType<typeof createAttemptLimit>;

/**
 * Limits attempts to guess passwords and links. Each method throws RATE_LIMITED.
 *
 * @param perMinute for one account from one network address; ten times as many for either by itself
 */
export function createAttemptLimit(db: Database, perMinute: number) {
  const count = (
    { policy, spoken }: Attempted,
    use: Pick<RateLimit, "whose" | "limit">,
    counted?: RateUse[],
  ) =>
    countUse(db, { policy, ...use, windowSeconds: WINDOW_SECONDS, message: `Too many ${spoken}` }, counted);
  const countFrom = (attempted: Attempted, { address, rateUses }: Client) =>
    count(attempted, { whose: networkKeyOf(address), limit: perMinute * ALONE }, rateUses);
  return {
    async signIn(email: string, client: Client): Promise<void> {
      // First: so a network address cannot create more counters for e-mail addresses than it has attempts.
      await countFrom(SIGN_IN_OF_NETWORK, client);
      // An e-mail address has no spaces, so that none can be chosen whose counter is that of another network.
      const whose = `${networkKeyOf(client.address)} ${email}`;
      await count(SIGN_IN, { whose, limit: perMinute }, client.rateUses);
      // Its state is not sent: it would tell how often somebody else signs in.
      const ofAccount = count(SIGN_IN_OF_ACCOUNT, { whose: email, limit: perMinute * ALONE });
      await ofAccount.catch(async (refusal: unknown) => {
        if (!(await signedInFrom(db, email, client.address))) throw refusal;
      });
    },
    passwordChange: (viewer: UserViewer): Promise<void> =>
      count(PASSWORD_CHANGE, { whose: viewer.id, limit: perMinute }, viewer.client?.rateUses),
    passwordReset: (client: Client): Promise<void> => countFrom(PASSWORD_RESET, client),
    sessionRefresh: (client: Client): Promise<void> => countFrom(REFRESH, client),
  };
}
