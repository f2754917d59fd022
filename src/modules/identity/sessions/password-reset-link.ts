import { randomBytes } from "node:crypto";
import type { Clock } from "../../../kernel/clock.js";
import { HOUR_MS } from "../../../kernel/clock.js";
import { conflict } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { AccountChange } from "../users/lock-account.js";
import { lockAccount } from "../users/lock-account.js";
import { auditUser } from "../users/user.audit.js";
import type { Person } from "../users/user.repository.js";
import { upsertPasswordReset } from "./password-reset.repository.js";
import { hashOfToken } from "./refresh-token.js";

const TOKEN_BYTES = 32;

export interface PasswordResetRules {
  /** What a link looks like, with `{token}` in it; null for the page `/reset-password` of the address that was asked. */
  readonly resetUrl: string | null;
  /** How long a link is good for. */
  readonly resetHours: number;
}

export interface PasswordResetDeps extends PasswordResetRules {
  readonly db: Database;
  readonly clock: Clock;
}

/** The token is told this once: what is kept of it is its hash. */
export interface GivenPasswordReset {
  readonly token: string;
  readonly url: string;
  readonly expiresAt: Date;
  readonly user: Person;
}

export interface PasswordResetRequest extends AccountChange {
  /** The server's address, without a slash at its end. */
  readonly baseUrl: string;
}

/**
 * Makes a link by which a person sets a new password, once. The person's earlier link is good no more.
 *
 * @throws what `lockAccount` throws, CONFLICT for who is deactivated
 */
export function givePasswordReset(
  { db, clock, resetUrl, resetHours }: PasswordResetDeps,
  { userId, by, baseUrl }: PasswordResetRequest,
): Promise<GivenPasswordReset> {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const expiresAt = new Date(clock().getTime() + resetHours * HOUR_MS);
  const actorId = by?.id ?? null;
  return db.transaction(async (tx) => {
    const { account } = await lockAccount(tx, { userId, by });
    if (account.deactivatedAt !== null)
      throw conflict("This person is deactivated: reactivate them before they get a new password.");
    await upsertPasswordReset(tx, { userId, tokenHash: hashOfToken(token), createdBy: actorId, expiresAt });
    await auditUser(tx, {
      userId,
      actorId,
      action: "user.password-reset-created",
      details: { expiresAt: expiresAt.toISOString() },
    });
    const template = resetUrl ?? `${baseUrl}/reset-password#{token}`;
    const { id, email, name, isAdmin } = account;
    const url = template.replaceAll("{token}", token);
    return { token, url, expiresAt, user: { id, email, name, isAdmin } };
  });
}
