import { authorize, readable } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import { conflict, gone, notFound } from "../../../kernel/errors.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import type { CompanyRow } from "../company.tables.js";
import { writeAs } from "../confirm-viewer.js";
import { installation, installationPolicy } from "../installation.policy.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { tenantsOf } from "../viewer.js";
import { auditCompany } from "./company.audit.js";
import { companyPolicy, companyReadPolicy } from "./company.policy.js";
import {
  companyPosition,
  countCompanies,
  findCompany,
  findCompanyBySlug,
  insertCompany,
  listCompanies,
  restoreDeletedCompany,
  softDeleteCompany,
  updateCompany,
} from "./company.repository.js";

export interface CompanySearch extends PageArguments {
  /** A part of the name or the slug. */
  readonly search?: string | null | undefined;
}

/** Omitted fields stay as they are; null removes a colour. */
export interface CompanyChanges extends GivenColors {
  readonly id: string;
  readonly name?: string | null | undefined;
  readonly slug?: string | null | undefined;
}

interface GivenColors {
  readonly loginBackgroundColor?: string | null | undefined;
  readonly navigationBackgroundColor?: string | null | undefined;
}

export interface CompanyToCreate extends GivenColors {
  /** Chosen before, if files are stored for it. */
  readonly id?: string;
  readonly slug: string;
  readonly name: string;
}

export type CompanyService = ReturnType<typeof createCompanyService>;

export interface CompanyDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly retentionDays: number;
}

export function createCompanyService({ db, clock, retentionDays }: CompanyDeps) {
  /** Null when it does not exist, is deleted, or is not visible to the viewer. */
  const readCompany = async (viewer: Viewer, id: string): Promise<CompanyRow | null> =>
    readable(companyReadPolicy, viewer, await findCompany(db, id));

  /** The viewer's companies; all companies for administrators. */
  async function browseCompanies(
    viewer: Viewer,
    { search, ...page }: CompanySearch,
  ): Promise<Connection<CompanyRow>> {
    authorize(installationPolicy, "read", viewer, installation);
    const list = { tenants: tenantsOf(viewer), search: search?.trim() };
    const found = await listCompanies(db, list, pageRequest(page));
    return toConnection(found, companyPosition, () => countCompanies(db, list));
  }

  /** The public branding of a company. */
  const readBranding = (slug: string): Promise<CompanyRow | null> => findCompanyBySlug(db, slug);

  /** @throws CONFLICT when the slug is taken */
  async function createCompany(viewer: Viewer, company: CompanyToCreate): Promise<CompanyRow> {
    authorize(installationPolicy, "administer", viewer, installation);
    return writeAs(db, { viewer, companyId: null }, async (tx, known) => {
      const created = await insertNewCompany(tx, company);
      await confirmCreation(tx, known, created);
      return created;
    });
  }

  /** The statement that changes a company also checks that it still exists, and locks it. */
  async function changeCompany(
    viewer: Viewer,
    { id, action }: { readonly id: string; readonly action: "delete" | "restore" },
    change: (tx: Database, by: UserViewer) => Promise<CompanyRow>,
  ): Promise<CompanyRow> {
    const { viewer: allowed } = authorize(companyPolicy, action, viewer, await findCompany(db, id));
    return writeAs(db, { viewer: allowed, companyId: id }, async (tx, by) => {
      authorize(companyPolicy, action, by, await findCompany(tx, id));
      return change(tx, by);
    });
  }

  /** @throws CONFLICT when the slug is taken */
  async function editCompany(viewer: Viewer, changes: CompanyChanges): Promise<CompanyRow> {
    const found = await findCompany(db, changes.id);
    const { viewer: allowed } = authorize(companyPolicy, "edit", viewer, found);
    const writing = { viewer: allowed, companyId: changes.id };
    return writeAs(db, writing, (tx, by) => editCompanyIn(tx, by, changes));
  }

  /** Deletes the company and, with it, the roles of its members. */
  const deleteCompany = (viewer: Viewer, id: string): Promise<CompanyRow> =>
    changeCompany(viewer, { id, action: "delete" }, async (tx, by) => {
      const deleted = await softDeleteCompany(tx, id, by.id);
      if (!deleted) throw notFound(companyPolicy.subject);
      await auditCompany(tx, by, "company.deleted", deleted);
      return deleted;
    });

  /**
   * Restores a deleted company; does nothing if it is not deleted.
   *
   * @throws GONE after the retention, when its purge may have begun
   */
  const restoreCompany = (viewer: Viewer, id: string): Promise<CompanyRow> =>
    changeCompany(viewer, { id, action: "restore" }, async (tx, by) => {
      const restored = await restoreDeletedCompany(tx, id, restorableSince(clock, retentionDays));
      if (restored) await auditCompany(tx, by, "company.restored", restored);
      const now = restored ?? (await findCompany(tx, id));
      if (!now || now.deletedAt !== null) throw gone("company");
      return now;
    });

  return {
    readCompany,
    browseCompanies,
    readBranding,
    createCompany,
    editCompany,
    deleteCompany,
    restoreCompany,
  };
}

/** Inserts a company in a transaction, whose creation is confirmed there. @throws CONFLICT when the slug is taken */
export async function insertNewCompany(
  tx: Database,
  { id, slug, name, ...colors }: CompanyToCreate,
): Promise<CompanyRow> {
  const created = await insertCompany(tx, { ...(id && { id }), slug, name, ...inSmallLetters(colors) });
  if (!created) throw slugTaken(slug);
  return created;
}

/** Authorises and audits, in a transaction, that a company was inserted. */
export async function confirmCreation(tx: Database, viewer: Viewer, created: CompanyRow): Promise<void> {
  const { viewer: by } = authorize(installationPolicy, "administer", viewer, installation);
  await auditCompany(tx, by, "company.created", created);
}

/** Changes a company in a transaction, for whoever may. @throws CONFLICT when the slug is taken */
export async function editCompanyIn(
  tx: Database,
  viewer: Viewer,
  { id, name, slug, ...colors }: CompanyChanges,
): Promise<CompanyRow> {
  const { viewer: by } = authorize(companyPolicy, "edit", viewer, await findCompany(tx, id));
  const changes = { ...(name && { name }), ...(slug && { slug }), ...inSmallLetters(colors) };
  const edited = await updateCompany(tx, id, changes);
  if (!edited) throw notFound(companyPolicy.subject);
  if ("takenSlug" in edited) throw slugTaken(edited.takenSlug);
  await auditCompany(tx, by, "company.updated", edited);
  return edited;
}

/** Without the omitted ones. */
const inSmallLetters = ({
  loginBackgroundColor: login,
  navigationBackgroundColor: navigation,
}: GivenColors) => ({
  ...(login !== undefined && { loginBackgroundColor: login?.toLowerCase() ?? null }),
  ...(navigation !== undefined && { navigationBackgroundColor: navigation?.toLowerCase() ?? null }),
});

const slugTaken = (slug: string) => conflict(`Another company has the slug "${slug}".`, { field: "slug" });
