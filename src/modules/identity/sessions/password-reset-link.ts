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
  /** The link, with `{token}` in it; null for the page `/reset-password` of the requested address. */
  readonly resetUrl: string | null;
  /** Hours until a link expires. */
  readonly resetHours: number;
}

export interface PasswordResetDeps extends PasswordResetRules {
  readonly db: Database;
  readonly clock: Clock;
}

/** The token is returned only here; its hash is stored. */
export interface GivenPasswordReset {
  readonly token: string;
  readonly url: string;
  readonly expiresAt: Date;
  readonly user: Person;
}

export interface PasswordResetRequest extends AccountChange {
  /** Base URL of the server, without a trailing slash. */
  readonly baseUrl: string;
}

/**
 * Creates a link to set a new password once. It replaces the earlier link of the person.
 *
 * @throws what `lockAccount` throws, CONFLICT for a deactivated account
 */
export function givePasswordReset(
  { db, clock, resetUrl, resetHours }: PasswordResetDeps,
  { userId, by, baseUrl }: PasswordResetRequest,
): Promise<GivenPasswordReset> {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const expiresAt = new Date(clock().getTime() + resetHours * HOUR_MS);
  return db.transaction(async (tx) => {
    const { account } = await lockAccount(tx, { userId, by });
    if (account.deactivatedAt !== null)
      throw conflict("This person is deactivated: reactivate them before they get a new password.");
    await upsertPasswordReset(tx, {
      userId,
      tokenHash: hashOfToken(token),
      createdBy: by?.id ?? null,
      expiresAt,
    });
    await auditUser(tx, {
      userId,
      by,
      action: "user.password-reset-created",
      details: { expiresAt: expiresAt.toISOString() },
    });
    const template = resetUrl ?? `${baseUrl}/reset-password#{token}`;
    const { id, email, name, isAdmin } = account;
    const url = template.replaceAll("{token}", token);
    return { token, url, expiresAt, user: { id, email, name, isAdmin } };
  });
}
