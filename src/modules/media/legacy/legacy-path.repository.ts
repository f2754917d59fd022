import { eq } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { legacyPaths } from "./legacy-path.tables.js";

export interface LegacyPath {
  readonly companyId: string;
  readonly path: string;
  readonly mediaFileId: string;
}

/** Every tenant's: an old address names no company. The file's policy decides who is told. @returns the first that there is */
export async function findLegacyPath(db: Database, paths: readonly string[]): Promise<LegacyPath | null> {
  const rows = await db
    .select({
      companyId: legacyPaths.companyId,
      path: legacyPaths.path,
      mediaFileId: legacyPaths.mediaFileId,
    })
    .from(legacyPaths)
    .where(isAnyOf(legacyPaths.path, paths));
  return paths.flatMap((path) => rows.find((row) => row.path === path) ?? [])[0] ?? null;
}

/** @returns false if the path is another file's */
export async function insertLegacyPath(db: Database, legacy: LegacyPath): Promise<boolean> {
  const inserted = await db
    .insert(legacyPaths)
    .values(legacy)
    .onConflictDoNothing()
    .returning({ id: legacyPaths.id });
  if (inserted.length > 0) return true;
  const [there] = await db
    .select({ mediaFileId: legacyPaths.mediaFileId })
    .from(legacyPaths)
    .where(eq(legacyPaths.path, legacy.path));
  return there?.mediaFileId === legacy.mediaFileId;
}
