import { randomBytes } from "node:crypto";
import type { Clock } from "../../../kernel/clock.js";
import { HOUR_MS } from "../../../kernel/clock.js";
import { badUserInput } from "../../../kernel/errors.js";
import { newId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import { normalizeEmail } from "../users/email.js";
import { findPersonByEmail, lockForSignIn } from "../users/user.repository.js";
import type { AccessToken } from "./access-token.js";
import { createTokenIssuer } from "./access-token.js";
import { hashOfToken } from "./refresh-token.js";
import { auditSession } from "./session.audit.js";
import { insertSession } from "./session.repository.js";

const MAX_LIFETIME_MS = 24 * HOUR_MS;

export interface ScriptTokenDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** Signs access tokens. */
  readonly secret: string;
}

export type ScriptTokenService = ReturnType<typeof createScriptTokenService>;

/** Access tokens for scripts of the operator. Not reachable over the network. */
export function createScriptTokenService({ db, clock, secret }: ScriptTokenDeps) {
  return {
    /**
     * Opens a session with one access token, which cannot be refreshed.
     *
     * @param lifetimeMs in milliseconds, at most a day
     * @throws BAD_USER_INPUT for an unknown address and for a longer lifetime
     */
    async issue(email: string, lifetimeMs: number): Promise<AccessToken & { readonly email: string }> {
      if (lifetimeMs <= 0 || lifetimeMs > MAX_LIFETIME_MS)
        throw badUserInput("A token for a script is good for 24 hours at most.");
      const person = await findPersonByEmail(db, normalizeEmail(email));
      if (!person) throw badUserInput(`Nobody has the e-mail address ${email}.`);
      const sessionId = newId();
      const issue = createTokenIssuer({ secret, clock, lifetimeMs });
      const token = await issue({ userId: person.id, sessionId });
      await db.transaction(async (tx) => {
        if (!(await lockForSignIn(tx, { id: person.id })))
          throw badUserInput(`${email} is deactivated: filedesk user unlock ${email}`);
        await insertSession(tx, {
          id: sessionId,
          userId: person.id,
          // The hash of a random value: no refresh token matches it.
          refreshTokenHash: hashOfToken(randomBytes(32).toString("hex")),
          expiresAt: token.expiresAt,
        });
        await auditSession(tx, {
          sessionId,
          by: null,
          action: "session.opened-for-script",
          details: { userId: person.id, expiresAt: token.expiresAt.toISOString() },
        });
      });
      return { ...token, email: person.email };
    },
  };
}
