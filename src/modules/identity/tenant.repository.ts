import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isAnyOf } from "../../platform/database/any-of.js";
import { companies } from "./company.tables.js";
import type { TenantScope } from "./viewer.js";

/** The condition that keeps a statement within the viewer's tenants. A deleted company is nobody's tenant. */
export function inTenants(companyId: PgColumn, tenants: TenantScope): SQL {
  if (tenants === "every company")
    return sql`exists (select from ${companies} where ${companies.id} = ${companyId} and ${companies.deletedAt} is null)`;
  return tenants.companyIds.length === 0 ? sql`false` : isAnyOf(companyId, tenants.companyIds);
}
