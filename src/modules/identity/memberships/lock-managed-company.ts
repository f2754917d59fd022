import { authorize } from "../../../kernel/authorize.js";
import type { Database } from "../../../platform/database/client.js";
import { companyPolicy } from "../companies/company.policy.js";
import { findCompany } from "../companies/company.repository.js";
import { confirmViewer } from "../confirm-viewer.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { lockMembersOf } from "./membership.repository.js";

/**
 * Begins a transaction that changes members or invitations of a company. The caller authorises before, so that nobody
 * takes the lock without permission; this authorises again under the lock. It is an advisory lock, because the row of
 * the company comes after memberships in the lock order.
 *
 * @returns the current viewer
 */
export async function lockManagedCompany(
  tx: Database,
  viewer: Viewer,
  companyId: string,
): Promise<UserViewer> {
  await lockMembersOf(tx, companyId);
  const known = await confirmViewer(tx, { viewer, companyId });
  return authorize(companyPolicy, "manageMembersOf", known, await findCompany(tx, companyId)).viewer;
}
