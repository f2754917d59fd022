import type { Database } from "../../../platform/database/client.js";
import { perRequest } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import type { BrandingImage } from "./branding-image.js";
import type { BrandingImageView } from "./branding-image.repository.js";
import { listBrandingImages } from "./branding-image.repository.js";

export type BrandingImageLoaders = ReturnType<typeof createBrandingImageLoaders>;

interface ShownAs {
  readonly image: BrandingImage;
  /** The name of its preset. */
  readonly variant: "logo" | "logo-thumbnail" | "favicon" | "large";
}

export function createBrandingImageLoaders({
  db,
  urls,
}: {
  readonly db: Database;
  readonly urls: DownloadUrls;
}) {
  const ofCompany = perRequest<ViewerContext, string, readonly BrandingImageView[]>(async (_context, ids) => {
    const found = await listBrandingImages(db, ids);
    return ids.map((id) => found.filter(({ companyId }) => companyId === id));
  });
  return {
    /** The public URL of a variant of an image; null without the image, and until it is rendered. */
    async url(
      context: ViewerContext,
      companyId: string,
      { image, variant }: ShownAs,
    ): Promise<string | null> {
      const images = await ofCompany(context).load(companyId);
      const found = images.find((each) => each.image === image);
      const sha256 = found?.variants[variant];
      return found && sha256 ? urls.publicVariant(context, found, { name: variant, sha256 }) : null;
    },
  };
}
