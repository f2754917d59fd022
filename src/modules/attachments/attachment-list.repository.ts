import { and, eq, isNull, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { keysetTemplate, keysetValues, pageShape } from "../../platform/database/keyset.js";
import { preparedByShape } from "../../platform/database/prepared-once.js";
import { withQuickRows } from "../../platform/database/quick-rows.js";
import type { TenantShape } from "../identity/tenant.repository.js";
import { inTenants, inTenantsTemplate, tenantShape, tenantValue } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import { joinedAttachments, PARENT_ID, parentColumn } from "./attachment.repository.js";
import { attachments } from "./attachment.tables.js";
import type { ParentRef } from "./parents.js";

/** Order of a parent's list: by upload. */
export const attachmentOrder = { keys: [attachments.createdAt, attachments.id], descending: false };
export const attachmentPosition = (row: AttachmentView) => [row.createdAt.toISOString(), row.id];

interface PagesShape extends ReturnType<typeof pageShape> {
  readonly kind: ParentRef["kind"];
  readonly tenants: TenantShape;
}

const pagesOfParents = preparedByShape((db, { kind, tenants, ...page }: PagesShape) => {
  const { where, orderBy, limit } = keysetTemplate(attachmentOrder, page);
  const parent = parentColumn(kind);
  const inScope = inTenantsTemplate(attachments.companyId, tenants, "companyIds");
  const ofParents = sql`${parent} = any(${sql.placeholder("parentIds")})`;
  const ranked = db
    .select({
      id: attachments.id,
      rank: sql<number>`row_number() over (partition by ${parent} order by ${sql.join(orderBy, sql`, `)})`.as(
        "rank",
      ),
    })
    .from(attachments)
    .where(and(isNull(attachments.deletedAt), inScope, ofParents, where))
    .as("ranked");
  const statement = joinedAttachments(db)
    .innerJoin(ranked, eq(ranked.id, attachments.id))
    .where(sql`${ranked.rank} <= ${limit}`)
    .orderBy(...orderBy)
    .prepare("attachments_of_parents");
  return withQuickRows(statement);
});

/** One page of each parent's attachments, in one statement. */
export async function listPagesOfParents(
  db: Database,
  tenants: TenantScope,
  kind: ParentRef["kind"],
  parentIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<AttachmentView>>> {
  const statement = pagesOfParents(db, { kind, tenants: tenantShape(tenants), ...pageShape(page) });
  const rows = await statement.execute({
    parentIds,
    companyIds: tenantValue(tenants),
    ...keysetValues(attachmentOrder, page),
  });
  const ofParent = new Map<string, AttachmentView[]>(parentIds.map((id) => [id, []]));
  for (const row of rows) {
    const parentId = row[PARENT_ID[kind]];
    if (parentId !== null) ofParent.get(parentId)?.push(row);
  }
  return new Map([...ofParent].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countOfParents(
  db: Database,
  tenants: TenantScope,
  kind: ParentRef["kind"],
  parentIds: readonly string[],
): Promise<Map<string, AttachmentCount>> {
  const parent = parentColumn(kind);
  const rows = await db
    .select({ parentId: sql<string>`${parent}`, count: sql<number>`count(*)::int`, unscanned })
    .from(attachments)
    .where(
      and(
        isNull(attachments.deletedAt),
        inTenants(attachments.companyId, tenants),
        isAnyOf(parent, parentIds),
      ),
    )
    .groupBy(parent);
  return new Map(rows.map((row) => [row.parentId, row]));
}

/** The number of a parent's attachments, and those of them that not everybody may know of. */
export interface AttachmentCount {
  readonly count: number;
  readonly unscanned: readonly Pick<AttachmentView, "companyId" | "uploaderId" | "uploaderGuestId">[];
}

/** There are few at any time: they are looked up once, not for each attachment. */
export const unscanned = sql<AttachmentCount["unscanned"]>`
  coalesce(
    jsonb_agg(jsonb_build_object('companyId', company_id, 'uploaderId', uploader_id,
      'uploaderGuestId', uploader_guest_id))
    filter (where media_file_id in (
      select f.id from blobs b join media_files f on f.blob_id = b.id where b.scan_status = 'PENDING')),
    '[]')`;
