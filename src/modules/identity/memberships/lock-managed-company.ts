import { authorize } from "../../../kernel/authorize.js";
import type { Database } from "../../../platform/database/client.js";
import { companyPolicy } from "../companies/company.policy.js";
import { findCompany } from "../companies/company.repository.js";
import { confirmViewer } from "../confirm-viewer.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { lockMembersOf } from "./membership.repository.js";

/**
 * Begins a transaction that changes who belongs to a company, or is asked to. Its right is asked before the lock, so that
 * nobody who may not holds it; and here under it, for the viewer's own role, or the company, may have gone meanwhile. A
 * lock of its own, and not the company's row: that comes behind memberships in the order of locks.
 *
 * @returns the viewer as they are now
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
