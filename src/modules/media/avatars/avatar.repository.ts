import type { SQL } from "drizzle-orm";
import { and, eq, isNull, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { companies } from "../../identity/company.tables.js";
import { memberships } from "../../identity/membership.tables.js";
import { inTenants } from "../../identity/tenant.repository.js";
import { users } from "../../identity/user.tables.js";
import type { TenantScope } from "../../identity/viewer.js";
import { blobs } from "../blob.tables.js";
import type { FileField } from "../file-field.repository.js";
import { mediaFileColumns } from "../media-file.repository.js";
import { mediaFiles } from "../media-file.tables.js";
import { mediaUsages } from "../media-usage.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

/** The usage that makes a file the avatar of a person. */
export const avatarOf = (userId: string): FileField => ({
  resourceType: "user",
  resourceId: userId,
  fieldName: "avatar",
});

const owningCompany = alias(companies, "keeper");

/**
 * Avatars of people with an account, stored by companies that are not deleted. Unlike other files, they are not
 * restricted to the tenants that store them: `companyIds` are those companies of the person that are among the tenants,
 * and the policy decides whether that is enough.
 */
const select = (db: Database, tenants: TenantScope, condition: SQL | undefined) =>
  db
    .select({
      ...mediaFileColumns,
      userId: users.id,
      companyIds: sql<string[]>`array(select ${memberships.companyId} from ${memberships}
        where ${memberships.userId} = ${users.id} and ${inTenants(memberships.companyId, tenants)})`,
      variants: sql<string[]>`array(select ${blobVariants.name} from ${blobVariants}
        where ${blobVariants.blobId} = ${mediaFiles.blobId})`,
    })
    .from(mediaUsages)
    .innerJoin(users, and(sql`${users.id}::text = ${mediaUsages.resourceId}`, isNull(users.deletedAt)))
    .innerJoin(
      mediaFiles,
      and(
        eq(mediaFiles.id, mediaUsages.mediaFileId),
        // No other file is visible across tenants, whatever its usages.
        eq(mediaFiles.bucket, "AVATARS"),
      ),
    )
    .innerJoin(
      owningCompany,
      and(eq(owningCompany.id, mediaFiles.companyId), isNull(owningCompany.deletedAt)),
    )
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .where(and(eq(mediaUsages.resourceType, "user"), eq(mediaUsages.fieldName, "avatar"), condition));

export type AvatarView = Awaited<ReturnType<typeof select>>[number];

export const listAvatars = (
  db: Database,
  tenants: TenantScope,
  userIds: readonly string[],
): Promise<AvatarView[]> =>
  select(
    db,
    tenants,
    and(isNull(mediaFiles.deletedAt), isAnyOf(users.id, userIds), isAnyOf(mediaUsages.resourceId, userIds)),
  );

/** The avatar that a file is; null if it is not one. Deleted files too: the service reports them as deleted. */
export async function findAvatarByFile(
  db: Database,
  tenants: TenantScope,
  mediaFileId: string,
): Promise<AvatarView | null> {
  const [found] = await select(db, tenants, eq(mediaFiles.id, mediaFileId));
  return found ?? null;
}
