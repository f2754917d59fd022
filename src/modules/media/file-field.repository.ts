import { and, eq } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import type { MediaUsage } from "./media-usage.repository.js";
import { mediaUsages } from "./media-usage.tables.js";

/** A field that holds one file at most: a company's logo, a person's avatar. */
export type FileField = Pick<MediaUsage, "resourceType" | "resourceId" | "fieldName">;

/** The usage that fills the field, whichever tenant keeps the file. The caller has locked the owner of the field. */
export async function findUsageOfField(tx: Database, field: FileField): Promise<MediaUsage | null> {
  const [found] = await tx
    .select({
      companyId: mediaUsages.companyId,
      mediaFileId: mediaUsages.mediaFileId,
      resourceType: mediaUsages.resourceType,
      resourceId: mediaUsages.resourceId,
      fieldName: mediaUsages.fieldName,
    })
    .from(mediaUsages)
    .where(
      and(
        eq(mediaUsages.resourceType, field.resourceType),
        eq(mediaUsages.resourceId, field.resourceId),
        eq(mediaUsages.fieldName, field.fieldName),
      ),
    );
  return found ?? null;
}

/** Fails if the field holds a file already. */
export async function insertUsageOfField(tx: Database, usage: MediaUsage): Promise<void> {
  await tx.insert(mediaUsages).values(usage);
}
