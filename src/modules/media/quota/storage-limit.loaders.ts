import type { Database } from "../../../platform/database/client.js";
import { perRequest } from "../../../platform/graphql/loaders.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { listCompanyStorage } from "./company-storage.repository.js";
import { mayReadStorageOf } from "./storage-quota.policy.js";

export type StorageLimitLoaders = ReturnType<typeof createStorageLimitLoaders>;

export const createStorageLimitLoaders = ({ db }: { readonly db: Database }) => ({
  /** Null without a limit, and for others than the company's managers and its API keys that manage. */
  ofCompany: perRequest<ViewerContext, Pick<CompanyRow, "id" | "deletedAt">, number | null>(
    async ({ viewer }, companies) => {
      const shown = companies.filter((company) => mayReadStorageOf(viewer, company)).map(({ id }) => id);
      if (shown.length === 0) return companies.map(() => null);
      const rows = await listCompanyStorage(db, shown);
      const limits = new Map(rows.map(({ companyId, limitBytes }) => [companyId, limitBytes]));
      return companies.map(({ id }) => limits.get(id) ?? null);
    },
  ),
});
