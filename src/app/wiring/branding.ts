import { createAvatarLoaders } from "../../modules/media/avatars/avatar.loaders.js";
import { createAvatarService } from "../../modules/media/avatars/avatar.service.js";
import { createBrandingImageLoaders } from "../../modules/media/branding/branding-image.loaders.js";
import { createBrandingImageService } from "../../modules/media/branding/branding-image.service.js";
import type { CompanyChangeDeps } from "../../modules/media/branding/company-change.service.js";
import { createCompanyChangeService } from "../../modules/media/branding/company-change.service.js";
import type { DownloadUrls } from "../../modules/media/download-urls.js";

/** Logos, backgrounds and avatars. */
export const createBranding = ({ urls, ...deps }: CompanyChangeDeps & { readonly urls: DownloadUrls }) => ({
  brandingImages: createBrandingImageService(deps),
  companyChanges: createCompanyChangeService(deps),
  avatars: createAvatarService(deps),
  loaders: {
    brandingImages: createBrandingImageLoaders({ db: deps.db, urls }),
    avatars: createAvatarLoaders({ db: deps.db, urls }),
  },
});
