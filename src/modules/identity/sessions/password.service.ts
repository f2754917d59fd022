import { authorize } from "../../../kernel/authorize.js";
import { badUserInput, unauthenticated } from "../../../kernel/errors.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import { writeAsOneself } from "../users/lock-account.js";
import type { PasswordCost } from "../users/password.js";
import { hashPasswordFrom, verifyPasswordFrom } from "../users/password.js";
import { requireGoodPassword } from "../users/password-rule.js";
import { userPolicy } from "../users/user.policy.js";
import type { Account } from "../users/user.repository.js";
import { findAccount, findAccountForChange } from "../users/user.repository.js";
import type { Client, UserViewer, Viewer } from "../viewer.js";
import type { AttemptLimit } from "./attempt-limit.js";
import { deletePasswordReset, findAccountByReset } from "./password-reset.repository.js";
import type { GivenPasswordReset, PasswordResetDeps } from "./password-reset-link.js";
import { givePasswordReset } from "./password-reset-link.js";
import { hashOfToken } from "./refresh-token.js";
import { setPassword } from "./set-password.js";

export interface PasswordDeps extends PasswordResetDeps {
  readonly attempts: AttemptLimit;
  readonly passwordCost?: PasswordCost;
}

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

export interface PasswordResetUse {
  readonly token: string;
  readonly newPassword: string;
}

export type PasswordService = ReturnType<typeof createPasswordService>;

export function createPasswordService(deps: PasswordDeps) {
  const { db, clock, attempts, passwordCost } = deps;

  /**
   * Changes the viewer's own password, and ends all their sessions except the current one.
   *
   * @throws BAD_USER_INPUT for a wrong current password and an unacceptable new one, RATE_LIMITED
   */
  async function changePassword(
    viewer: Viewer,
    { currentPassword, newPassword }: PasswordChange,
  ): Promise<UserViewer> {
    const oneself = viewer.kind === "user" ? viewer : null;
    const { viewer: own } = authorize(userPolicy, "changePasswordOf", viewer, oneself);
    await attempts.passwordChange(own);
    const account = await findAccount(db, own.id);
    if (!account) throw unauthenticated();
    if (!(await verifyPasswordFrom(own.id, account.passwordHash, currentPassword))) throw wrongPassword();
    await requireNewPassword(own.id, account, newPassword);
    const passwordHash = await hashPasswordFrom(own.id, newPassword, passwordCost);
    await writeAsOneself(db, own, async (tx, now) => {
      authorize(userPolicy, "changePasswordOf", now.viewer, now.account);
      // Somebody else has set another one meanwhile.
      if (now.account.passwordHash !== account.passwordHash) throw wrongPassword();
      const keptSession = own.sessionId;
      const setting = { userId: own.id, passwordHash, by: now.viewer, keptSession, now: clock() };
      await setPassword(tx, { ...setting, action: "user.password-changed" });
    });
    return own;
  }

  /** A link for another person, to be passed on to them. @throws NOT_FOUND, CONFLICT for a deactivated account */
  async function createPasswordReset(
    viewer: Viewer,
    userId: string,
    baseUrl: string,
  ): Promise<GivenPasswordReset> {
    const { viewer: by } = authorize(userPolicy, "administer", viewer, await findAccount(db, userId));
    return givePasswordReset(deps, { userId, by, baseUrl });
  }

  /**
   * Sets a new password with the token of a link, which can be used once, and ends all sessions of the person.
   *
   * @throws UNAUTHENTICATED, with the same message for an unknown, used or expired token
   * @throws BAD_USER_INPUT for an unacceptable password; the link stays valid
   * @throws RATE_LIMITED
   */
  async function resetPassword({ token, newPassword }: PasswordResetUse, client: Client): Promise<boolean> {
    await attempts.passwordReset(client);
    const tokenHash = hashOfToken(token);
    const account = await findAccountByReset(db, tokenHash, clock());
    if (!account) throw linkEnded();
    await requireNewPassword(networkKeyOf(client.address), account, newPassword);
    const passwordHash = await hashPasswordFrom(networkKeyOf(client.address), newPassword, passwordCost);
    await db.transaction(async (tx) => {
      const { id: userId } = account;
      const now = await findAccountForChange(tx, userId);
      if (!now || now.deactivatedAt !== null || !(await deletePasswordReset(tx, tokenHash, clock())))
        throw linkEnded();
      const setting = {
        userId,
        passwordHash,
        by: { kind: "user", id: userId, client } as const,
        now: clock(),
      };
      await setPassword(tx, { ...setting, action: "user.password-reset" });
    });
    return true;
  }

  return { changePassword, createPasswordReset, resetPassword };
}

/** Called after the caller has shown the right to set a password: others do not learn whether it is the old one. */
async function requireNewPassword(from: string, account: Account, newPassword: string): Promise<void> {
  requireGoodPassword(newPassword, account, "newPassword");
  if (account.passwordHash !== null && (await verifyPasswordFrom(from, account.passwordHash, newPassword)))
    throw badUserInput("The new password is the one that it is to replace.", { field: "newPassword" });
}

/** Not UNAUTHENTICATED: the caller is signed in, and a client would refresh its token and repeat the request. */
const wrongPassword = () => badUserInput("The current password is wrong.", { field: "currentPassword" });

const linkEnded = () =>
  unauthenticated("This link is unknown, has been used, or has ended: ask for another.");
