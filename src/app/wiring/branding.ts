import { createAvatarLoaders } from "../../modules/media/avatars/avatar.loaders.js";
import { createAvatarService } from "../../modules/media/avatars/avatar.service.js";
import { createLogoLoaders } from "../../modules/media/branding/logo.loaders.js";
import type { LogoDeps } from "../../modules/media/branding/logo.service.js";
import { createLogoService } from "../../modules/media/branding/logo.service.js";
import type { DownloadUrls } from "../../modules/media/download-urls.js";

/** Logos and avatars. */
export const createBranding = ({ db, ingest, urls }: LogoDeps & { readonly urls: DownloadUrls }) => ({
  logos: createLogoService({ db, ingest }),
  avatars: createAvatarService({ db, ingest }),
  loaders: { logos: createLogoLoaders({ db, urls }), avatars: createAvatarLoaders({ db, urls }) },
});
