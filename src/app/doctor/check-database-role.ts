import { findAuditRetention } from "../../modules/audit-log/audit-purge.repository.js";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import { connectDatabase } from "../../platform/database/client.js";
import type { DatabaseRole } from "../../platform/database/database-role.repository.js";
import { describeRole } from "../../platform/database/database-role.repository.js";
import { hasTable } from "../../platform/database/has-table.js";
import type { FoundDatabase } from "../startup/find-database.js";
import { AUDIT_LOG, MIGRATE_SETTING, OUR_SCHEMAS } from "../startup/migrate-database.js";
import { describeStartError } from "../startup/start-faults.js";
import type { Check } from "./checks.js";

const SEPARATE =
  "a server that was broken into could remove entries of the audit log. Create a role for the server alone, " +
  "set DATABASE_URL to it and DATABASE_MIGRATE_URL to the owner of the tables, and run filedesk migrate (docs/operation.md)";

const roleOf = (db: Database): Promise<DatabaseRole> =>
  describeRole(db, { schemas: OUR_SCHEMAS, table: AUDIT_LOG });

/** Says what the role of the server may do to the tables and to the audit log, and whether the other one can migrate. */
export async function checkDatabaseRole(
  db: Database,
  { isEmbedded, migrateUrl }: Pick<FoundDatabase, "isEmbedded" | "migrateUrl">,
): Promise<Check[]> {
  const role = await roleOf(db);
  const checks = [isEmbedded ? ofEmbedded(role) : ofServer(role)];
  if (migrateUrl !== undefined) checks.push(await checkOwner(migrateUrl));
  return checks;
}

const ofEmbedded = ({ name }: DatabaseRole): Check => ({
  name: "database role",
  state: "ok",
  detail: `${name} owns the tables and may change the audit log: the embedded database has one role`,
});

function ofServer(role: DatabaseRole): Check {
  const name = "database role";
  const powers = powersOf(role);
  return powers.length === 0
    ? { name, state: "ok", detail: `${role.name} owns no table, and may only add audit entries` }
    : { name, state: "note", detail: `${role.name} ${powers.join(" and ")}: ${SEPARATE}` };
}

/** What a server does not need. A superuser and an owner may do everything else as well. */
function powersOf({ isSuperuser, isOwner, mayCreate, mayChange }: DatabaseRole): string[] {
  if (isSuperuser) return ["is a superuser"];
  if (isOwner) return ["owns the tables, or may act as their owner, and may change the audit log"];
  return [
    ...(mayCreate ? ["may create tables"] : []),
    ...(mayChange ? ["may change and remove audit entries"] : []),
  ];
}

async function checkOwner(migrateUrl: string): Promise<Check> {
  const name = "migration role";
  const { db, close } = connectDatabase(migrateUrl, { connections: 1 });
  try {
    const role = await roleOf(db);
    return role.isOwner
      ? { name, state: "ok", detail: `${role.name} owns the tables` }
      : {
          name,
          state: "problem",
          detail: `${role.name} of ${MIGRATE_SETTING} does not own the tables: it cannot migrate`,
        };
  } catch (error) {
    return { name, state: "problem", detail: describeStartError(error as Error, MIGRATE_SETTING) };
  } finally {
    await close();
  }
}

/** Compares the retention that the owner of the tables has set with the setting of this process. */
export async function checkAuditRetention(
  db: Database,
  { AUDIT_DAYS }: Pick<Config, "AUDIT_DAYS">,
): Promise<Check[]> {
  const set = (await hasTable(db, "public.audit_retention")) ? await findAuditRetention(db) : AUDIT_DAYS;
  if (set === AUDIT_DAYS) return [];
  const kept = set === 0 ? "for ever" : `at least ${set} days`;
  return [
    {
      name: "audit log",
      state: "note",
      detail: `the database keeps its entries ${kept}, and AUDIT_DAYS is ${AUDIT_DAYS} here: the next start of a server sets it, or filedesk migrate if the server does not own the tables`,
    },
  ];
}
