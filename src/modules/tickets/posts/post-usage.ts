import type { MediaUsage } from "../../media/media-usage.repository.js";
import type { PostRow } from "./post.tables.js";

type Kind = PostRow["kind"];

/** The resource type of a kind of post, in the usages of media files and in the audit log. */
const RESOURCE: Readonly<Record<Kind, string>> = {
  PHOTO: "photo",
  PHOTO_SERIES: "photo-series",
  VIDEO_CLIP: "video-clip",
};

const RESOURCES: ReadonlySet<string> = new Set(Object.values(RESOURCE));

export const isPostType = (resourceType: string): boolean => RESOURCES.has(resourceType);
export const resourceTypeOf = (kind: Kind): string => RESOURCE[kind];

/** The usage of a file by a post. */
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
