import type { SQL } from "drizzle-orm";
import { and, eq, isNull, ne, sql } from "drizzle-orm";
import { isId, normalizeId } from "../../../kernel/ids.js";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { mediaFiles } from "../media-file.tables.js";
import type { MediaUsage, MediaUsageView } from "../media-usage.repository.js";
import { mediaUsages } from "../media-usage.tables.js";

/** Resources of one type, and one of their fields or all of them. */
export interface UsingResources {
  readonly resourceType: string;
  readonly resourceIds: readonly string[];
  readonly fieldName?: string | null | undefined;
}

export type ResourceUsage = MediaUsageView & { readonly id: string };

/**
 * UUIDs are compared in any case: an import or an earlier release may have stored one in capitals. The forms are listed
 * instead of the column converted, so that the index of resources is used.
 */
const formsOf = (id: string): readonly string[] =>
  isId(id) ? [...new Set([normalizeId(id), id.toUpperCase(), id])] : [id];

const areOf = (companyId: string, { resourceType, resourceIds, fieldName }: UsingResources) =>
  and(
    eq(mediaUsages.companyId, companyId),
    eq(mediaUsages.resourceType, resourceType),
    isAnyOf(mediaUsages.resourceId, resourceIds.flatMap(formsOf)),
    fieldName == null ? undefined : eq(mediaUsages.fieldName, fieldName),
    isNull(mediaUsages.suspendedAt),
  );

/** Files that these resources use. */
export const isUsedBy = (companyId: string, resources: UsingResources): SQL =>
  sql`${mediaFiles.id} in (select ${mediaUsages.mediaFileId} from ${mediaUsages} where ${areOf(companyId, resources)})`;

/** A cursor of usages holds the id. */
export const USAGE_CURSOR_SIZE = 1;

export const usagePosition = (usage: ResourceUsage) => [usage.id];

/** The usages by these resources, the oldest first. */
export async function listUsagesOfResources(
  db: Database,
  companyId: string,
  resources: UsingResources,
  page: PageRequest,
): Promise<Page<ResourceUsage>> {
  const { where, orderBy, limit } = keyset({ keys: [mediaUsages.id], descending: false }, page);
  const rows = await db
    .select({
      id: mediaUsages.id,
      companyId: mediaUsages.companyId,
      mediaFileId: mediaUsages.mediaFileId,
      resourceType: mediaUsages.resourceType,
      resourceId: mediaUsages.resourceId,
      fieldName: mediaUsages.fieldName,
      createdAt: mediaUsages.createdAt,
    })
    .from(mediaUsages)
    .where(and(areOf(companyId, resources), where))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(page, rows);
}

export const countUsagesOfResources = (
  db: Database,
  companyId: string,
  resources: UsingResources,
): Promise<number> => db.$count(mediaUsages, areOf(companyId, resources));

/** Keeps other transactions from replacing what a field of a resource uses, until this one ends. */
export async function lockResourceField(tx: Database, usage: MediaUsage): Promise<void> {
  const { companyId, resourceType, resourceId, fieldName } = usage;
  const name = JSON.stringify([companyId, resourceType, resourceId, fieldName]);
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`usage:${name}`}, 0))`);
}

/** The first usages of other files by the same field. */
export async function listOtherUsagesOfField(
  tx: Database,
  { companyId, mediaFileId, resourceId, ...field }: MediaUsage,
  limit: number,
): Promise<MediaUsage[]> {
  const usages = await tx
    .select({ mediaFileId: mediaUsages.mediaFileId, resourceId: mediaUsages.resourceId })
    .from(mediaUsages)
    .where(
      and(
        areOf(companyId, { ...field, resourceIds: [resourceId] }),
        ne(mediaUsages.mediaFileId, mediaFileId),
      ),
    )
    .orderBy(mediaUsages.id)
    .limit(limit);
  return usages.map((usage) => ({ companyId, ...field, ...usage }));
}
