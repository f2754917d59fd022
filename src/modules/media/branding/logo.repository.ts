import type { SQL } from "drizzle-orm";
import { and, eq, isNull, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { companies } from "../../identity/company.tables.js";
import type { FileField } from "../file-field.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { mediaUsages } from "../media-usage.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

/** The usage that makes a file the logo of a company. */
export const logoOf = (companyId: string): FileField => ({
  resourceType: "company",
  resourceId: companyId,
  fieldName: "logo",
});

const isLogo: SQL | undefined = and(
  eq(mediaUsages.resourceType, "company"),
  eq(mediaUsages.fieldName, "logo"),
  // A company cannot set the logo of another one.
  sql`${mediaUsages.resourceId} = ${mediaUsages.companyId}::text`,
);

export type LogoView = Awaited<ReturnType<typeof listLogos>>[number];

/** The logos of companies that are not deleted, with the hashes of the rendered variants by name. */
export const listLogos = (db: Database, companyIds: readonly string[]) =>
  db
    .select({
      companyId: mediaUsages.companyId,
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
        eq(mediaFiles.bucket, "COMPANY_LOGOS"),
        isNull(mediaFiles.deletedAt),
      ),
    )
    .where(and(isLogo, isAnyOf(mediaUsages.resourceId, companyIds)));

/** The company whose logo a file is; null if it is not a logo. */
export async function findCompanyOfLogo(db: Database, mediaFileId: string): Promise<string | null> {
  const [found] = await db
    .select({ companyId: mediaUsages.companyId })
    .from(mediaUsages)
    .where(and(isLogo, eq(mediaUsages.mediaFileId, mediaFileId)));
  return found?.companyId ?? null;
}
