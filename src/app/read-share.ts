import type { Viewer } from "../modules/identity/viewer.js";
import { networkKeyOf } from "../platform/rate-limit/network-key.js";

/** In whose share of the database's connections a viewer reads: a company's together, all others by themselves. */
export function readShareOf(viewer: Viewer, clientAddress: string): string {
  if (viewer.kind === "anonymous") return networkKeyOf(clientAddress);
  if (viewer.kind === "guest") return `company:${viewer.companyId}`;
  const [companyId, other] = viewer.roles.keys();
  return companyId !== undefined && other === undefined && !viewer.isAdmin
    ? `company:${companyId}`
    : `user:${viewer.id}`;
}
