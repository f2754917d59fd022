import { authorize } from "../../kernel/authorize.js";
import type { PageArguments, Position } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import type { AuditResult } from "../identity/audit/audit-action.js";
import { auditResultOf } from "../identity/audit/audit-action.js";
import { companyPolicy } from "../identity/companies/company.policy.js";
import { findCompany } from "../identity/companies/company.repository.js";
import { installation, installationPolicy } from "../identity/installation.policy.js";
import type { Viewer } from "../identity/viewer.js";
import type { AuditEntryRow, AuditFilter } from "./audit-log.repository.js";
import { auditPosition, countAuditEntries, listAuditEntries } from "./audit-log.repository.js";

const EXPORTED_AT_ONCE = 1_000;

export interface ExportedAuditEntry extends AuditEntryRow {
  readonly result: AuditResult;
}

export type AuditLogService = ReturnType<typeof createAuditLogService>;

export function createAuditLogService({ db }: { readonly db: Database }) {
  /**
   * The audit log from the newest entry on: of a company for its managers, of the whole installation for
   * administrators.
   */
  async function browseAuditLog(
    viewer: Viewer,
    filter: AuditFilter,
    page: PageArguments,
  ): Promise<Connection<AuditEntryRow>> {
    if (filter.companyId == null) authorize(installationPolicy, "administer", viewer, installation);
    else authorize(companyPolicy, "readAuditLogOf", viewer, await findCompany(db, filter.companyId));
    const found = await listAuditEntries(db, filter, pageRequest(page));
    return toConnection(found, auditPosition, () => countAuditEntries(db, filter));
  }

  /** All entries with their results, from the oldest on, for the operator. They are read page by page. */
  async function* exportEntries(filter: AuditFilter): AsyncGenerator<ExportedAuditEntry> {
    for (let from: Position | null = null; ; ) {
      const { rows } = await listAuditEntries(db, filter, {
        limit: EXPORTED_AT_ONCE,
        direction: "backward",
        from,
      });
      const [newest] = rows;
      if (newest === undefined) return;
      for (const row of rows.toReversed()) yield { ...row, result: auditResultOf(row.action) };
      from = auditPosition(newest);
    }
  }

  return { browseAuditLog, exportEntries };
}
