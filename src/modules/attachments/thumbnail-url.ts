import type { ViewerContext } from "../identity/viewer.js";
import type { DownloadUrls } from "../media/download-urls.js";
import type { VariantLoaders } from "../media/variants/variant.loaders.js";
import type { AttachmentView } from "./attachment.repository.js";

const THUMBNAIL = "thumbnail";

export type AttachmentThumbnails = ReturnType<typeof createAttachmentThumbnails>;

export function createAttachmentThumbnails(deps: {
  readonly loaders: VariantLoaders;
  readonly urls: DownloadUrls;
}) {
  return {
    /** Null until it is rendered. The viewer may read the attachment. */
    async urlOf(context: ViewerContext, attachment: AttachmentView): Promise<string | null> {
      const variants = await deps.loaders.ofBlob(context).load(attachment);
      return variants.some((variant) => variant.name === THUMBNAIL)
        ? deps.urls.attachmentVariant(context, attachment, THUMBNAIL)
        : null;
    },
  };
}
