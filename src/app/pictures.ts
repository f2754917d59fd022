import { createAttachmentThumbnails } from "../modules/attachments/thumbnail-url.js";
import type { AllBucketRules } from "../modules/media/buckets.js";
import type { DownloadUrls } from "../modules/media/download-urls.js";
import { createVariantLoaders } from "../modules/media/variant.loaders.js";
import { createVariantService } from "../modules/media/variant.service.js";
import { render } from "../modules/media/variants/render.js";
import { createRenderVariantsJob } from "../modules/media/variants/render-variants.job.js";
import type { SourceDeps } from "../modules/media/variants/source.js";
import type { Database } from "../platform/database/client.js";

interface PictureOptions extends SourceDeps {
  readonly db: Database;
  readonly buckets: AllBucketRules;
  readonly maxPixels: number;
  readonly urls: DownloadUrls;
}

/** Everything about renditions: how they are made, found and shown. */
export function createPictures(options: PictureOptions) {
  const { db, buckets, urls } = options;
  const loaders = createVariantLoaders({ db });
  return {
    loaders,
    services: {
      variants: createVariantService({ db, buckets, loaders, urls }),
      thumbnails: createAttachmentThumbnails({ loaders, urls }),
      renderVariants: createRenderVariantsJob({ ...options, render }),
    },
  };
}
