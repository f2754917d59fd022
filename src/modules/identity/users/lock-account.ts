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
  /** The ids of all who administer the installation. */
  readonly admins: readonly string[];
}

/**
 * Locks the administrators, the account and who changes it, in this order everywhere, so that two administrators who
 * remove each other come one after the other. Whether whoever changes it still administers accounts is asked under these
 * locks.
 *
 * @throws UNAUTHENTICATED when the administrator's access has ended, NOT_FOUND, FORBIDDEN
 */
export async function lockAccount(tx: Database, { userId, by }: AccountChange): Promise<LockedAccount> {
  const admins = await lockActiveAdmins(tx);
  const account = await findAccountForChange(tx, userId);
  if (by)
    authorize(userPolicy, "administer", await confirmViewer(tx, { viewer: by, companyId: null }), account);
  if (!account) throw notFound(userPolicy.subject);
  return { account, admins };
}

/** @throws CONFLICT when nobody but this person administers the installation */
export function keepLastAdmin(admins: readonly string[], userId: string): void {
  if (admins.length === 1 && admins[0] === userId)
    throw conflict("This is the last administrator: make somebody else one first.", { field: "isAdmin" });
}

/** A person who changes what is theirs, as they are now. */
export interface Oneself {
  readonly viewer: UserViewer;
  readonly account: Account;
}

/**
 * As `writeAs`, for one's own account and sessions. The account is locked against other changes at once: two who shared
 * it, as `writeAs` has them do, and then both changed it would wait for each other.
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
