import type { Clock } from "../../kernel/clock.js";
import type { AttachmentParents } from "../../modules/attachments/parents.js";
import { createAttachmentThumbnails } from "../../modules/attachments/thumbnail-url.js";
import type { AllBucketRules } from "../../modules/media/buckets.js";
import { createDownloadUrls } from "../../modules/media/download-urls.js";
import { createSignedUrls } from "../../modules/media/downloads/signed-urls.js";
import { renderInProcess } from "../../modules/media/pictures/picture-process.js";
import type { OriginalDeps } from "../../modules/media/variants/original-file.js";
import { createRenderVariantsJob } from "../../modules/media/variants/render-variants.job.js";
import { createVariantLoaders } from "../../modules/media/variants/variant.loaders.js";
import { createVariantService } from "../../modules/media/variants/variant.service.js";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import type { UrlSigner } from "../../platform/http/files/signed-url.js";
import { findFrameTaker } from "../../platform/video/take-frame.js";
import { onRenderedOf } from "./scanning.js";

interface VariantOptions extends OriginalDeps {
  readonly db: Database;
  /** The database for rendering. */
  readonly background: Database;
  readonly clock: Clock;
  readonly buckets: AllBucketRules;
  readonly maxPixels: number;
  readonly signer: UrlSigner;
  readonly config: Config;
  readonly parents: AttachmentParents;
}

/** Builds the services for variants, thumbnails and download URLs. */
export async function createVariants({ config, background, parents, ...options }: VariantOptions) {
  const { db, clock, buckets } = options;
  const urls = createDownloadUrls(options.signer);
  const loaders = createVariantLoaders({ db });
  const posterOf = await findFrameTaker(config.FFMPEG_PATH);
  return {
    loaders,
    services: {
      urls,
      signedUrls: createSignedUrls({
        signer: options.signer,
        clock,
        defaultMinutes: config.SIGNED_URL_MINUTES,
        maxMinutes: config.SIGNED_URL_MAX_MINUTES,
      }),
      variants: createVariantService({ db, clock, buckets, loaders, urls }),
      thumbnails: createAttachmentThumbnails({ loaders, urls }),
      renderVariants: createRenderVariantsJob({
        ...options,
        db: background,
        render: renderInProcess,
        onRendered: onRenderedOf(parents),
        ...(posterOf && { posterOf }),
      }),
    },
  };
}
