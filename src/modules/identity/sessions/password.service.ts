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
import type { UserViewer, Viewer } from "../viewer.js";
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
   * Changes the viewer's own password, and ends all their sessions but the one that asks.
   *
   * @throws BAD_USER_INPUT for a wrong current password and for a new one that is none, RATE_LIMITED
   */
  async function changePassword(
    viewer: Viewer,
    { currentPassword, newPassword }: PasswordChange,
  ): Promise<UserViewer> {
    const oneself = viewer.kind === "user" ? viewer : null;
    const { viewer: own } = authorize(userPolicy, "changePasswordOf", viewer, oneself);
    await attempts.passwordChange(own.id);
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
      const setting = { userId: own.id, passwordHash, actorId: own.id, keptSession, now: clock() };
      await setPassword(tx, { ...setting, action: "user.password-changed" });
    });
    return own;
  }

  /** A link for somebody else, to be handed to them. @throws NOT_FOUND, CONFLICT for who is deactivated */
  async function createPasswordReset(
    viewer: Viewer,
    userId: string,
    baseUrl: string,
  ): Promise<GivenPasswordReset> {
    const { viewer: by } = authorize(userPolicy, "administer", viewer, await findAccount(db, userId));
    return givePasswordReset(deps, { userId, by, baseUrl });
  }

  /**
   * Sets a new password by a link, which is used up by it, and ends all sessions of the person.
   *
   * @throws UNAUTHENTICATED, in the same words for a token that is unknown, used or over; BAD_USER_INPUT for a password
   *   that is none, which leaves the link good; RATE_LIMITED
   */
  async function resetPassword(
    { token, newPassword }: PasswordResetUse,
    clientAddress: string,
  ): Promise<boolean> {
    await attempts.passwordReset(clientAddress);
    const tokenHash = hashOfToken(token);
    const account = await findAccountByReset(db, tokenHash, clock());
    if (!account) throw linkEnded();
    await requireNewPassword(networkKeyOf(clientAddress), account, newPassword);
    const passwordHash = await hashPasswordFrom(networkKeyOf(clientAddress), newPassword, passwordCost);
    await db.transaction(async (tx) => {
      const { id: userId } = account;
      const now = await findAccountForChange(tx, userId);
      if (!now || now.deactivatedAt !== null || !(await deletePasswordReset(tx, tokenHash, clock())))
        throw linkEnded();
      const setting = { userId, passwordHash, actorId: userId, now: clock() };
      await setPassword(tx, { ...setting, action: "user.password-reset" });
    });
    return true;
  }

  return { changePassword, createPasswordReset, resetPassword };
}

/** Judged after the right to set one has been shown: whether it is the old one is told to nobody else. */
async function requireNewPassword(from: string, account: Account, newPassword: string): Promise<void> {
  requireGoodPassword(newPassword, account, "newPassword");
  if (account.passwordHash !== null && (await verifyPasswordFrom(from, account.passwordHash, newPassword)))
    throw badUserInput("The new password is the one that it is to replace.", { field: "newPassword" });
}

/** Not UNAUTHENTICATED: whoever asks is signed in, and a client would renew its token and ask again. */
const wrongPassword = () => badUserInput("The current password is wrong.", { field: "currentPassword" });

const linkEnded = () =>
  unauthenticated("This link is unknown, has been used, or has ended: ask for another.");
