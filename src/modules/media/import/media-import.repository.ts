import { and, eq, inArray, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { preparedOnce } from "../../../platform/database/prepared-once.js";
import type { MediaUsage } from "../media-usage.repository.js";
import { mediaUsages } from "../media-usage.tables.js";
import { mediaImports } from "./media-import.tables.js";

const byHash = preparedOnce((db) =>
  db
    .select({ mediaFileId: mediaImports.mediaFileId })
    .from(mediaImports)
    .where(
      and(
        eq(mediaImports.companyId, sql.placeholder("companyId")),
        inArray(mediaImports.entryHash, [sql.placeholder("entryHash"), sql.placeholder("olderHash")]),
      ),
    )
    .prepare("media_import_by_hash"),
);

/** What became of an imported entry. */
export interface ImportedEntry {
  /** Null after the file has been purged, and for a message. */
  readonly mediaFileId: string | null;
}

/** The record of an imported entry, also if its file has been deleted. @param hashes what identifies it */
export async function findImport(
  db: Database,
  companyId: string,
  [entryHash, olderHash = entryHash]: readonly [string, ...string[]],
): Promise<ImportedEntry | null> {
  const [found] = await byHash(db).execute({ companyId, entryHash, olderHash });
  return found ?? null;
}

/** @returns false if the entry has been imported meanwhile; waits for a concurrent import of it */
export async function insertImport(
  tx: Database,
  entry: { readonly companyId: string; readonly entryHash: string; readonly mediaFileId: string | null },
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
