import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { UserViewer } from "../../identity/viewer.js";
import type { MediaUsage } from "../../media/media-usage.repository.js";
import { ticketHappened } from "../ticket-events.js";
import type { PostRow } from "./post.tables.js";

type Kind = PostRow["kind"];

/** What a kind of post is called among the usages of media files and in the audit log. */
const RESOURCE: Readonly<Record<Kind, string>> = {
  PHOTO: "photo",
  PHOTO_SERIES: "photo-series",
  VIDEO_CLIP: "video-clip",
};

const RESOURCES: ReadonlySet<string> = new Set(Object.values(RESOURCE));

export const isPostType = (resourceType: string): boolean => RESOURCES.has(resourceType);
export const resourceTypeOf = (kind: Kind): string => RESOURCE[kind];

const POSTED: Readonly<Record<Kind, string>> = {
  PHOTO: "photo.posted",
  PHOTO_SERIES: "photo-series.posted",
  VIDEO_CLIP: "clip.posted",
};

export const postedAction = (kind: Kind): string => POSTED[kind];

/** How a post stands among the usages of one of its files. */
export const usageOf = (
  { id, companyId, kind }: Pick<PostRow, "id" | "companyId" | "kind">,
  mediaFileId: string,
): MediaUsage => ({
  companyId,
  mediaFileId,
  resourceType: RESOURCE[kind],
  resourceId: id,
  fieldName: kind === "PHOTO_SERIES" ? "photos" : "file",
});

/** A post that is restored comes to the timeline as a new one does; whatever is not listed changes one that is there. */
const EVENT_OF: Readonly<Record<string, "post.added" | "post.deleted">> = {
  ...Object.fromEntries(Object.values(POSTED).map((action) => [action, "post.added" as const])),
  "post.restored": "post.added",
  "post.deleted": "post.deleted",
};

/** Writes down what somebody did to a post, in the transaction that does it, and tells those who follow its ticket. */
export async function auditPost(
  tx: Database,
  viewer: UserViewer,
  action: string,
  post: Pick<PostRow, "id" | "companyId" | "kind" | "ticketId">,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const ticket = { id: post.ticketId, companyId: post.companyId };
  ticketHappened(tx, ticket, EVENT_OF[action] ?? "post.updated", { postId: post.id });
  await insertAuditEntry(tx, {
    companyId: post.companyId,
    actorId: viewer.id,
    action,
    subjectType: RESOURCE[post.kind],
    subjectId: post.id,
    details: { ticketId: post.ticketId, ...details },
  });
}
