import type { Viewer } from "../../modules/identity/viewer.js";
import { networkKeyOf } from "../../platform/rate-limit/network-key.js";

/** The key of the share of database connections that a request uses: of a company, a person or a network address. */
export function readShareOf(viewer: Viewer, clientAddress: string): string {
  if (viewer.kind === "anonymous") return networkKeyOf(clientAddress);
  if (viewer.kind === "guest" || viewer.kind === "api-key") return `company:${viewer.companyId}`;
  const [companyId, other] = viewer.roles.keys();
  return companyId !== undefined && other === undefined && !viewer.isAdmin
    ? `company:${companyId}`
    : `user:${viewer.id}`;
}
