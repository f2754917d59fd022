import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNotNull, isNull, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { keyset } from "../../platform/database/keyset.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { FileKind } from "../media/file-types.js";
import { mimeTypesOf } from "../media/file-types.js";
import { mediaFiles } from "../media/media-file.tables.js";
import type { AttachmentView } from "./attachment.repository.js";
import { joinedAttachments } from "./attachment.repository.js";
import { attachments } from "./attachment.tables.js";
import type { AttachmentCount } from "./attachment-list.repository.js";
import { attachmentOrder, attachmentPosition, unscanned } from "./attachment-list.repository.js";

/** Which attachments of tickets or conversations are listed: all that hang on them and on what belongs to them. */
export interface ThreadList {
  readonly tenants: TenantScope;
  /** Those that were deleted after this moment; without it those that are not deleted. */
  readonly deletedAfter?: Date;
  readonly kinds?: readonly FileKind[] | null | undefined;
  /** What the module of the threads hides from the viewer. */
  readonly where?: SQL | undefined;
}

/** In the order of upload, or the latest deletion first. */
const orderOf = ({ deletedAfter }: ThreadList) =>
  deletedAfter ? { keys: [attachments.deletedAt, attachments.id], descending: true } : attachmentOrder;

export const threadPositionIn =
  ({ deletedAfter }: Pick<ThreadList, "deletedAfter">) =>
  (row: AttachmentView) =>
    deletedAfter ? [row.deletedAt?.toISOString() ?? null, row.id] : attachmentPosition(row);

const isListed = ({ tenants, deletedAfter, kinds, where }: ThreadList) =>
  and(
    deletedAfter
      ? and(isNotNull(attachments.deletedAt), gt(attachments.deletedAt, deletedAfter))
      : isNull(attachments.deletedAt),
    inTenants(attachments.companyId, tenants),
    kinds?.length ? isOfKind(kinds) : undefined,
    where,
  );

const isOfKind = (kinds: readonly FileKind[]) =>
  sql`exists (select from ${mediaFiles} where ${and(
    eq(mediaFiles.id, attachments.mediaFileId),
    isAnyOf(mediaFiles.mimeType, kinds.flatMap(mimeTypesOf)),
  )})`;

/** One page of each thread's attachments, in one statement. */
export async function listPagesOfThreads(
  db: Database,
  list: ThreadList,
  threadIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<AttachmentView>>> {
  const { where, orderBy, limit } = keyset(orderOf(list), page);
  const order = sql.join(orderBy, sql`, `);
  const ofThread = sql`select ${attachments.id} as attachment_id from ${attachments}
    where ${and(sql`${attachments.threadId} = thread.id`, isListed(list), where)} order by ${order} limit ${limit}`;
  const listed = sql`(select attachment_id from unnest(${sql.param([...threadIds])}::uuid[]) thread(id)
    cross join lateral (${ofThread}) of_thread) listed`;
  const rows = await joinedAttachments(db)
    .innerJoin(listed, sql`listed.attachment_id = ${attachments.id}`)
    .orderBy(...orderBy);
  const read = new Map<string, AttachmentView[]>(threadIds.map((id) => [id, []]));
  for (const row of rows) if (row.threadId !== null) read.get(row.threadId)?.push(row);
  return new Map([...read].map(([id, found]) => [id, toPage(page, found)]));
}

export async function countOfThreads(
  db: Database,
  list: ThreadList,
  threadIds: readonly string[],
): Promise<Map<string, AttachmentCount>> {
  const rows = await db
    .select({ threadId: sql<string>`${attachments.threadId}`, count: sql<number>`count(*)::int`, unscanned })
    .from(attachments)
    .where(and(isAnyOf(attachments.threadId, threadIds), isListed(list)))
    .groupBy(attachments.threadId);
  return new Map(rows.map((row) => [row.threadId, row]));
}
