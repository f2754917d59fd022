import type { MediaUsage } from "../media/media-usage.repository.js";

/** The usage of a media file by an attachment. */
export const attachmentUsageOf = (attachment: {
  readonly id: string;
  readonly companyId: string;
  readonly mediaFileId: string;
}): MediaUsage => ({
  companyId: attachment.companyId,
  mediaFileId: attachment.mediaFileId,
  resourceType: "attachment",
  resourceId: attachment.id,
  fieldName: "file",
});
