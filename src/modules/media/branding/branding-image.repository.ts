import type { SQL } from "drizzle-orm";
import { and, eq, isNull, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { companies } from "../../identity/company.tables.js";
import { mediaFiles } from "../media-file.tables.js";
import { mediaUsages } from "../media-usage.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";
import { BRANDING_IMAGES, bucketOf } from "./branding-image.js";

const isImage: SQL | undefined = and(
  eq(mediaUsages.resourceType, "company"),
  isAnyOf(mediaUsages.fieldName, BRANDING_IMAGES),
  // A company cannot set the image of another one.
  sql`${mediaUsages.resourceId} = ${mediaUsages.companyId}::text`,
);

export type BrandingImageView = Awaited<ReturnType<typeof listBrandingImages>>[number];

/** The images of companies that are not deleted, with the hashes of the rendered variants by name. */
export const listBrandingImages = (db: Database, companyIds: readonly string[]) =>
  db
    .select({
      companyId: mediaUsages.companyId,
      image: mediaUsages.fieldName,
      id: mediaFiles.id,
      fileName: mediaFiles.fileName,
      variants: sql<Readonly<Record<string, string>>>`(
        select coalesce(jsonb_object_agg(${blobVariants.name}, ${blobVariants.sha256}), '{}')
        from ${blobVariants} where ${blobVariants.blobId} = ${mediaFiles.blobId})`,
    })
    .from(mediaUsages)
    .innerJoin(companies, and(eq(companies.id, mediaUsages.companyId), isNull(companies.deletedAt)))
    .innerJoin(
      mediaFiles,
      and(
        eq(mediaFiles.id, mediaUsages.mediaFileId),
        // Only of a public bucket can there be a public URL.
        isAnyOf(mediaFiles.bucket, BRANDING_IMAGES.map(bucketOf)),
        isNull(mediaFiles.deletedAt),
      ),
    )
    .where(and(isImage, isAnyOf(mediaUsages.resourceId, companyIds)));

/** The company to whose branding a file belongs; null if it belongs to none. */
export async function findCompanyOfImage(db: Database, mediaFileId: string): Promise<string | null> {
  const [found] = await db
    .select({ companyId: mediaUsages.companyId })
    .from(mediaUsages)
    .where(and(isImage, eq(mediaUsages.mediaFileId, mediaFileId)));
  return found?.companyId ?? null;
}
