import { authorize } from "../../../kernel/authorize.js";
import { conflict, notFound } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { confirmViewer } from "../confirm-viewer.js";
import type { UserViewer } from "../viewer.js";
import { userPolicy } from "./user.policy.js";
import type { Account } from "./user.repository.js";
import { findAccountForChange, lockActiveAdmins } from "./user.repository.js";

export interface AccountChange {
  readonly userId: string;
  /** The administrator who makes it; null for the command line. */
  readonly by: UserViewer | null;
}

export interface LockedAccount {
  readonly account: Account;
  /** The ids of all active administrators. */
  readonly admins: readonly string[];
}

/**
 * Locks the administrators, the account and the viewer, always in this order, so that two administrators who remove
 * each other are serialised. Authorises again under these locks.
 *
 * @throws UNAUTHENTICATED when the access of the administrator has ended, NOT_FOUND, FORBIDDEN
 */
export async function lockAccount(tx: Database, { userId, by }: AccountChange): Promise<LockedAccount> {
  const admins = await lockActiveAdmins(tx);
  const account = await findAccountForChange(tx, userId);
  if (by)
    authorize(userPolicy, "administer", await confirmViewer(tx, { viewer: by, companyId: null }), account);
  if (!account) throw notFound(userPolicy.subject);
  return { account, admins };
}

/** @throws CONFLICT if this person is the only administrator */
export function keepLastAdmin(admins: readonly string[], userId: string): void {
  if (admins.length === 1 && admins[0] === userId)
    throw conflict("This is the last administrator: make somebody else one first.", { field: "isAdmin" });
}

/** A person who changes their own account, and the account, as read in the transaction. */
export interface Oneself {
  readonly viewer: UserViewer;
  readonly account: Account;
}

/**
 * As `writeAs`, for one's own account and sessions. The account is locked exclusively at once: two transactions that
 * lock it for share, as `writeAs` does, and then change it would deadlock.
 *
 * @throws UNAUTHENTICATED when the account or the session has ended
 */
export const writeAsOneself = <Result>(
  db: Database,
  viewer: UserViewer,
  write: (tx: Database, oneself: Oneself) => Promise<Result>,
): Promise<Result> =>
  db.transaction(async (tx) => {
    const account = await findAccountForChange(tx, viewer.id);
    const confirmed = await confirmViewer(tx, { viewer, companyId: null });
    if (!account) throw notFound(userPolicy.subject);
    return write(tx, { viewer: confirmed, account });
  });
