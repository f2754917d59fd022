import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { preparedOnce } from "../../../platform/database/prepared-once.js";
import type { MediaUsage } from "../media-usage.repository.js";
import { mediaUsages } from "../media-usage.tables.js";
import { mediaImports } from "./media-import.tables.js";

const byHash = preparedOnce((db) =>
  db
    .select({ id: mediaImports.id })
    .from(mediaImports)
    .where(
      and(
        eq(mediaImports.companyId, sql.placeholder("companyId")),
        eq(mediaImports.entryHash, sql.placeholder("entryHash")),
      ),
    )
    .prepare("media_import_by_hash"),
);

/** The record of an imported entry, also if its file has been deleted. */
export async function findImport(
  db: Database,
  companyId: string,
  entryHash: string,
): Promise<{ id: string } | null> {
  const [found] = await byHash(db).execute({ companyId, entryHash });
  return found ?? null;
}

/** @returns false if the entry has been imported meanwhile; waits for a concurrent import of it */
export async function insertImport(
  tx: Database,
  entry: { readonly companyId: string; readonly entryHash: string; readonly mediaFileId: string },
): Promise<boolean> {
  const inserted = await tx
    .insert(mediaImports)
    .values(entry)
    .onConflictDoNothing()
    .returning({ id: mediaImports.id });
  return inserted.length > 0;
}

/** @returns false if the field holds only one file, such as a company's logo, and is set */
export async function insertImportedUsage(tx: Database, usage: MediaUsage): Promise<boolean> {
  const inserted = await tx
    .insert(mediaUsages)
    .values(usage)
    .onConflictDoNothing()
    .returning({ id: mediaUsages.id });
  return inserted.length > 0;
}
