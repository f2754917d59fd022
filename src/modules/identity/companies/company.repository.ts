import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNotNull, isNull, sql } from "drizzle-orm";
import { isId } from "../../../kernel/ids.js";
import type { Page, PageRequest, Position } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { isUniqueViolation } from "../../../platform/database/faults.js";
import { keyset } from "../../../platform/database/keyset.js";
import type { CompanyRow } from "../company.tables.js";
import { companies } from "../company.tables.js";
import { inTenants } from "../tenant.repository.js";
import type { TenantScope } from "../viewer.js";
import { SLUG_FORM } from "./slug.js";

export interface CompanyList {
  readonly tenants: TenantScope;
  /** A part of the name or the slug. */
  readonly search?: string | null | undefined;
}

export type NewCompany = Pick<CompanyRow, "slug" | "name"> &
  Partial<BackgroundColors & Pick<CompanyRow, "id">>;

type BackgroundColors = Pick<CompanyRow, "loginBackgroundColor" | "navigationBackgroundColor">;

/** The position of a company in lists: by name. */
export const companyPosition = (company: CompanyRow): Position => [company.name, company.id];

/** Finds deleted companies as well: the policy decides. Null for a malformed id. */
export async function findCompany(db: Database, id: string): Promise<CompanyRow | null> {
  if (!isId(id)) return null;
  const [found] = await db.select().from(companies).where(eq(companies.id, id));
  return found ?? null;
}

/** As `findCompany`, with the row locked against other changes until the transaction ends. */
export async function findCompanyForChange(db: Database, id: string): Promise<CompanyRow | null> {
  if (!isId(id)) return null;
  const [found] = await db.select().from(companies).where(eq(companies.id, id)).for("no key update");
  return found ?? null;
}

export async function findCompanyBySlug(db: Database, slug: string): Promise<CompanyRow | null> {
  if (!SLUG_FORM.test(slug)) return null;
  const [found] = await db
    .select()
    .from(companies)
    .where(and(eq(companies.slug, slug), isNull(companies.deletedAt)));
  return found ?? null;
}

/** Lists deleted companies as well: access to a company was decided with the row that names it. */
export const listCompaniesById = (db: Database, ids: readonly string[]): Promise<CompanyRow[]> =>
  db.select().from(companies).where(isAnyOf(companies.id, ids));

export async function listCompanies(
  db: Database,
  list: CompanyList,
  request: PageRequest,
): Promise<Page<CompanyRow>> {
  const page = keyset({ keys: [companies.name, companies.id], descending: false }, request);
  const read = await db
    .select()
    .from(companies)
    .where(and(isListed(list), page.where))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return toPage(request, read);
}

export const countCompanies = (db: Database, list: CompanyList): Promise<number> =>
  db.$count(companies, isListed(list));

const isListed = ({ tenants, search }: CompanyList): SQL | undefined =>
  and(
    isNull(companies.deletedAt),
    tenants === "every company" ? undefined : inTenants(companies.id, tenants),
    search
      ? sql`(strpos(lower(${companies.name}), lower(${search})) > 0 or strpos(${companies.slug}, lower(${search})) > 0)`
      : undefined,
  );

/** Null when another company, which may be deleted, has this slug. */
export async function insertCompany(db: Database, company: NewCompany): Promise<CompanyRow | null> {
  const [inserted] = await db.insert(companies).values(company).onConflictDoNothing().returning();
  return inserted ?? null;
}

/** The slug that another company has. */
export interface SlugTaken {
  readonly takenSlug: string;
}

/** Omitted fields stay as they are. Null when the company has been deleted meanwhile. */
export async function updateCompany(
  db: Database,
  id: string,
  changes: Partial<Pick<CompanyRow, "name" | "slug"> & BackgroundColors>,
): Promise<CompanyRow | SlugTaken | null> {
  try {
    const [updated] = await db
      .update(companies)
      .set({ ...changes, updatedAt: sql`now()` })
      .where(and(eq(companies.id, id), isNull(companies.deletedAt)))
      .returning();
    return updated ?? null;
  } catch (error) {
    if (changes.slug !== undefined && isUniqueViolation(error)) return { takenSlug: changes.slug };
    throw error;
  }
}

/** Null when it was deleted already. */
export async function softDeleteCompany(
  db: Database,
  id: string,
  deletedBy: string | null,
): Promise<CompanyRow | null> {
  const [deleted] = await db
    .update(companies)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(and(eq(companies.id, id), isNull(companies.deletedAt)))
    .returning();
  return deleted ?? null;
}

/** Null when it is not deleted, or was deleted before `deletedAfter`. */
export async function restoreDeletedCompany(
  db: Database,
  id: string,
  deletedAfter: Date,
): Promise<CompanyRow | null> {
  const [restored] = await db
    .update(companies)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(and(eq(companies.id, id), isNotNull(companies.deletedAt), gt(companies.deletedAt, deletedAfter)))
    .returning();
  return restored ?? null;
}

/** The companies that are not deleted; for jobs, which have no viewer. */
export async function listCompanyIds(db: Database): Promise<string[]> {
  const rows = await db.select({ id: companies.id }).from(companies).where(isNull(companies.deletedAt));
  return rows.map((row) => row.id);
}
