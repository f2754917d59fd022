import { and, eq, sql } from "drizzle-orm";
import { isAnyOf } from "../../../../platform/database/any-of.js";
import type { Database } from "../../../../platform/database/client.js";
import { blobs } from "../../blob.tables.js";
import { isNotPersonal, mediaFileColumns } from "../../media-file.repository.js";
import { mediaFiles } from "../../media-file.tables.js";
import { isCurrent } from "../library.repository.js";

export type EventFile = Awaited<ReturnType<typeof listEventFiles>>[number];

/** The files of events, deleted ones too, whether they are current, and whether tickets, conversations or people use them. */
export async function listEventFiles(db: Database, companyId: string, ids: readonly string[], now: Date) {
  return db
    .select({
      ...mediaFileColumns,
      isCurrent: sql<boolean>`${isCurrent(now)}`,
      isPersonal: sql<boolean>`not (${isNotPersonal})`,
    })
    .from(mediaFiles)
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .where(and(isAnyOf(mediaFiles.id, ids), eq(mediaFiles.companyId, companyId)));
}
