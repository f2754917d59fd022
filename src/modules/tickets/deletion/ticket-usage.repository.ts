import { and, eq, isNull, or } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { attachments } from "../../attachments/attachment.tables.js";
import type { UsingResource } from "../../media/suspended-usage.repository.js";
import { mediaPosts } from "../posts/post.tables.js";
import { resourceTypeOf } from "../posts/post-usage.js";
import { listReplyIds } from "./ticket-purge.repository.js";

/** The resources of a ticket that use files: its attachments, those of its replies, and its posts; no deleted ones. */
export async function listUsingResources(
  tx: Database,
  companyId: string,
  ticketId: string,
): Promise<UsingResource[]> {
  const replyIds = await listReplyIds(tx, companyId, ticketId);
  const attached = await tx
    .select({ id: attachments.id })
    .from(attachments)
    .where(
      and(
        eq(attachments.companyId, companyId),
        isNull(attachments.deletedAt),
        or(eq(attachments.ticketId, ticketId), isAnyOf(attachments.replyId, replyIds)),
      ),
    );
  const posted = await tx
    .select({ id: mediaPosts.id, kind: mediaPosts.kind })
    .from(mediaPosts)
    .where(
      and(
        eq(mediaPosts.companyId, companyId),
        eq(mediaPosts.ticketId, ticketId),
        isNull(mediaPosts.deletedAt),
      ),
    );
  return [
    ...attached.map(({ id }) => ({ resourceType: "attachment", resourceId: id })),
    ...posted.map(({ id, kind }) => ({ resourceType: resourceTypeOf(kind), resourceId: id })),
  ];
}
