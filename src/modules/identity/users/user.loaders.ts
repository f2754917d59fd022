import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perEventBatch, perRequest } from "../../../platform/graphql/loaders.js";
import type { TenantScope, ViewerContext } from "../viewer.js";
import { staffTenantsOf } from "../viewer.js";
import type { Person } from "./user.repository.js";
import { listPeople } from "./user.repository.js";
import { listDeactivations } from "./user-list.repository.js";

export type UserLoaders = ReturnType<typeof createUserLoaders>;

export const createUserLoaders = ({ db }: { db: Database }) => ({
  byId: perEventBatch<ViewerContext, string, Person | null>(async (ids) =>
    inOrderOf(ids, await listPeople(db, ids), (person) => person.id),
  ),

  /** When people were deactivated; for the staff of their companies. */
  deactivatedAt: perRequest<ViewerContext, string, Date | null>(async ({ viewer }, ids) => {
    const tenants = staffTenantsOf(viewer);
    return hasTenants(tenants) ? listDeactivations(db, tenants, ids) : ids.map(() => null);
  }),
});

const hasTenants = (tenants: TenantScope): boolean =>
  tenants === "every company" || tenants.companyIds.length > 0;
