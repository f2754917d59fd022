import { AvatarResolver } from "../../modules/media/avatars/avatar.resolver.js";
import { BrandingImageResolver } from "../../modules/media/branding/branding-image.resolver.js";
import {
  BrandingOfCompanyResolver,
  CompanyBrandingResolver,
} from "../../modules/media/branding/company-branding.resolver.js";
import { CompanyChangeResolver } from "../../modules/media/branding/company-change.resolver.js";
import {
  MediaFileSignedUrlResolver,
  MediaVariantSignedUrlResolver,
} from "../../modules/media/downloads/signed-url.resolver.js";
import { MediaFileEventsResolver } from "../../modules/media/library/events/media-file-events.resolver.js";
import { LibraryResolver } from "../../modules/media/library/library.resolver.js";
import { MediaFileLibraryResolver } from "../../modules/media/library/media-file-library.resolver.js";
import { MediaFileVersionResolver } from "../../modules/media/library/media-file-version.resolver.js";
import { MediaUsageResolver } from "../../modules/media/library/media-usage.resolver.js";
import { StorageReportResolver } from "../../modules/media/library/storage-report.resolver.js";
import { MediaFileResolver } from "../../modules/media/media-file.resolver.js";
import { MediaMetadataResolver } from "../../modules/media/media-metadata.resolver.js";
import { QuarantineResolver } from "../../modules/media/quarantine/quarantine.resolver.js";
import { StorageLimitResolver } from "../../modules/media/quota/storage-limit.resolver.js";
import { MediaFileScanResolver } from "../../modules/media/scanning/scan-result.resolver.js";
import { FileIntegrityResolver } from "../../modules/media/upkeep/file-integrity.resolver.js";
import {
  StagedUploadResolver,
  UploadPartResolver,
} from "../../modules/media/uploads/staged-upload.resolver.js";
import { MediaVariantResolver } from "../../modules/media/variants/media-variant.resolver.js";
import type { ResolverEntry } from "./resolver-entry.js";

/** Media files, uploads, branding and avatars. */
export const mediaResolvers: readonly ResolverEntry[] = [
  [CompanyChangeResolver, ({ companyChanges }) => new CompanyChangeResolver(companyChanges)],
  [BrandingImageResolver, ({ brandingImages }) => new BrandingImageResolver(brandingImages)],
  [BrandingOfCompanyResolver, ({ loaders }) => new BrandingOfCompanyResolver(loaders.brandingImages)],
  [CompanyBrandingResolver, ({ loaders }) => new CompanyBrandingResolver(loaders.brandingImages)],
  [AvatarResolver, ({ avatars, loaders }) => new AvatarResolver(avatars, loaders.avatars)],
  [MediaFileResolver, ({ loaders, urls }) => new MediaFileResolver(loaders.users, loaders.actors, urls)],
  [QuarantineResolver, ({ quarantine }) => new QuarantineResolver(quarantine)],
  [MediaFileScanResolver, () => new MediaFileScanResolver()],
  [FileIntegrityResolver, () => new FileIntegrityResolver()],
  [
    LibraryResolver,
    ({ library, mediaUploads, mediaFileChanges, orphans }) =>
      new LibraryResolver(library, mediaUploads, mediaFileChanges, orphans),
  ],
  [
    StagedUploadResolver,
    ({ stagedUploads, completeUploads, uploadRequests }) =>
      new StagedUploadResolver(stagedUploads, completeUploads, uploadRequests),
  ],
  [UploadPartResolver, () => new UploadPartResolver()],
  [MediaFileLibraryResolver, ({ loaders }) => new MediaFileLibraryResolver(loaders.library)],
  [
    MediaFileVersionResolver,
    ({ loaders, urls, versions }) =>
      new MediaFileVersionResolver(loaders.users, loaders.actors, urls, versions),
  ],
  [
    MediaUsageResolver,
    ({ mediaUsages, loaders }) =>
      new MediaUsageResolver(mediaUsages, loaders.mediaFiles, loaders.companies, loaders.users),
  ],
  [
    StorageReportResolver,
    ({ storageReports, loaders }) => new StorageReportResolver(storageReports, loaders.users),
  ],
  [
    StorageLimitResolver,
    ({ storageLimits, loaders }) => new StorageLimitResolver(storageLimits, loaders.storageLimits),
  ],
  [MediaMetadataResolver, () => new MediaMetadataResolver()],
  [MediaVariantResolver, ({ variants }) => new MediaVariantResolver(variants)],
  [MediaFileSignedUrlResolver, ({ signedUrls }) => new MediaFileSignedUrlResolver(signedUrls)],
  [MediaVariantSignedUrlResolver, ({ signedUrls }) => new MediaVariantSignedUrlResolver(signedUrls)],
  [
    MediaFileEventsResolver,
    ({ eventUrls, loaders }) => new MediaFileEventsResolver(eventUrls, loaders.eventCursors),
  ],
];
