import { conflict, forbidden, notFound } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { viewerChanged } from "../../platform/events/viewer-changed.js";
import { insertAuditEntry } from "./audit.repository.js";
import { deletePasswordResetOf } from "./password-reset.repository.js";
import { updateRevokedSessionsOf } from "./session.repository.js";
import type { Account, Person } from "./user.repository.js";
import { findAccountForChange, lockActiveAdmins, updateDeactivatedAt } from "./user.repository.js";

export interface AccessChange {
  readonly userId: string;
  /** The administrator who does it; null for the command line. */
  readonly actorId: string | null;
  readonly now: Date;
}

/**
 * Locks the administrators and then the account, in this order everywhere, so that two administrators who remove each
 * other come one after the other.
 *
 * @throws FORBIDDEN when whoever does it is no administrator any more, NOT_FOUND
 */
export async function lockAccount(
  tx: Database,
  { userId, actorId }: Pick<AccessChange, "userId" | "actorId">,
): Promise<{ readonly account: Account; readonly admins: readonly string[] }> {
  const admins = await lockActiveAdmins(tx);
  if (actorId !== null && !admins.includes(actorId))
    throw forbidden("You are no administrator any more.", { action: "administer" });
  const account = await findAccountForChange(tx, userId);
  if (!account) throw notFound("user");
  return { account, admins };
}

/** @throws CONFLICT when nobody but this person administers the installation */
export function keepLastAdmin(admins: readonly string[], userId: string): void {
  if (admins.length === 1 && admins[0] === userId)
    throw conflict("This is the last administrator: make somebody else one first.", { field: "isAdmin" });
}

/** Locks somebody out. @throws CONFLICT for the last administrator */
export async function deactivate(tx: Database, change: AccessChange): Promise<Person> {
  const { account, admins } = await lockAccount(tx, change);
  if (account.deactivatedAt !== null) return personOf(account);
  keepLastAdmin(admins, account.id);
  await updateDeactivatedAt(tx, account.id, change.now);
  await deletePasswordResetOf(tx, account.id);
  const sessionsEnded = await updateRevokedSessionsOf(tx, account.id, { now: change.now });
  viewerChanged(tx, account.id);
  await audit(tx, change, "user.deactivated", { email: account.email, sessionsEnded });
  return personOf(account);
}

/** Lets somebody in again; the sessions that they had stay ended. */
export async function reactivate(tx: Database, change: AccessChange): Promise<Person> {
  const { account } = await lockAccount(tx, change);
  if (account.deactivatedAt === null) return personOf(account);
  await updateDeactivatedAt(tx, account.id, null);
  await audit(tx, change, "user.reactivated", { email: account.email });
  return personOf(account);
}

const personOf = ({ id, email, name, isAdmin }: Account): Person => ({ id, email, name, isAdmin });

const audit = (
  tx: Database,
  { userId, actorId }: AccessChange,
  action: string,
  details: Readonly<Record<string, unknown>>,
) =>
  insertAuditEntry(tx, { companyId: null, actorId, action, subjectType: "user", subjectId: userId, details });
