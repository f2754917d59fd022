import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { AccountChange } from "../users/lock-account.js";
import { keepLastAdmin, lockAccount } from "../users/lock-account.js";
import { auditUser } from "../users/user.audit.js";
import type { Account, Person } from "../users/user.repository.js";
import { updateDeactivatedAt } from "../users/user.repository.js";
import { deletePasswordResetOf } from "./password-reset.repository.js";
import { updateRevokedSessionsOf } from "./session.repository.js";

export interface AccessChange extends AccountChange {
  readonly now: Date;
}

/** Deactivates an account and ends its sessions. @throws CONFLICT for the last administrator */
export async function deactivate(tx: Database, change: AccessChange): Promise<Person> {
  const { account, admins } = await lockAccount(tx, change);
  if (account.deactivatedAt !== null) return personOf(account);
  keepLastAdmin(admins, account.id);
  await updateDeactivatedAt(tx, account.id, change.now);
  await deletePasswordResetOf(tx, account.id);
  const sessionsEnded = await updateRevokedSessionsOf(tx, account.id, { now: change.now });
  viewerChanged(tx, account.id);
  await auditUser(tx, {
    userId: account.id,
    by: change.by,
    action: "user.deactivated",
    details: { email: account.email, sessionsEnded },
  });
  return personOf(account);
}

/** Reactivates an account; its sessions stay ended. */
export async function reactivate(tx: Database, change: AccessChange): Promise<Person> {
  const { account } = await lockAccount(tx, change);
  if (account.deactivatedAt === null) return personOf(account);
  await updateDeactivatedAt(tx, account.id, null);
  await auditUser(tx, {
    userId: account.id,
    by: change.by,
    action: "user.reactivated",
    details: { email: account.email },
  });
  return personOf(account);
}

const personOf = ({ id, email, name, isAdmin }: Account): Person => ({ id, email, name, isAdmin });
