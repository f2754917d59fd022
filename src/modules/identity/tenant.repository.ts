import type { SQL } from "drizzle-orm";
import { eq, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isAnyOf } from "../../platform/database/any-of.js";
import { companies } from "./company.tables.js";
import type { TenantScope } from "./viewer.js";

/** The part of a scope that decides the text of a statement, as `preparedByShape` needs it. */
export type TenantShape = "every" | "none" | "one" | "several";

export function tenantShape(tenants: TenantScope): TenantShape {
  if (tenants === "every company") return "every";
  const { length } = tenants.companyIds;
  return length === 0 ? "none" : length === 1 ? "one" : "several";
}

/** As `inTenants`, with a placeholder of this name for the value of `tenantValue`. */
export function inTenantsTemplate(companyId: PgColumn, shape: TenantShape, name: string): SQL {
  if (shape === "every") return inTenants(companyId, "every company");
  if (shape === "none") return sql`false`;
  const value = sql.placeholder(name);
  return shape === "one" ? eq(companyId, value) : sql`${companyId} = any(${value})`;
}

export function tenantValue(tenants: TenantScope): string | readonly string[] | undefined {
  if (tenants === "every company") return undefined;
  return tenants.companyIds.length === 1 ? tenants.companyIds[0] : tenants.companyIds;
}

/** Restricts a statement to the tenants of the viewer. A deleted company is not a tenant. */
export function inTenants(companyId: PgColumn, tenants: TenantScope): SQL {
  if (tenants === "every company")
    return sql`exists (select from ${companies} where ${companies.id} = ${companyId} and ${companies.deletedAt} is null)`;
  return tenants.companyIds.length === 0 ? sql`false` : isAnyOf(companyId, tenants.companyIds);
}
