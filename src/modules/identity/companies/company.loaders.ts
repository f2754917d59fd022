import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perRequest } from "../../../platform/graphql/loaders.js";
import type { CompanyRow } from "../company.tables.js";
import type { ViewerContext } from "../viewer.js";
import { listCompaniesById } from "./company.repository.js";

export type CompanyLoaders = ReturnType<typeof createCompanyLoaders>;

export const createCompanyLoaders = ({ db }: { db: Database }) => ({
  byId: perRequest<ViewerContext, string, CompanyRow | null>(async (_context, ids) =>
    inOrderOf(ids, await listCompaniesById(db, ids), (company) => company.id),
  ),
});
