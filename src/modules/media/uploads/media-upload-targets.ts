import { authorize } from "../../../kernel/authorize.js";
import { badUserInput } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import { avatarCompanyOf } from "../avatars/avatar.service.js";
import { brandingPolicy } from "../branding/branding.policy.js";
import { Bucket } from "../buckets.js";
import type { FindMediaFileDeps } from "../find-media-file.js";
import { requireMediaFile } from "../find-media-file.js";
import { libraryPolicy } from "../library/library.policy.js";
import { MUTATION_OF_PURPOSE } from "../single-purpose-buckets.js";
import type { AuthorizeUpload, UploadTargets } from "./upload-targets.js";

const forLibrary: AuthorizeUpload = async (db, viewer, { id }) => {
  const company = isId(id) ? await findCompany(db, id) : null;
  return { viewer: authorize(libraryPolicy, "uploadTo", viewer, company).viewer, companyId: id };
};

const forLogo: AuthorizeUpload = async (db, viewer, { id }) => {
  const company = isId(id) ? await findCompany(db, id) : null;
  return { viewer: authorize(brandingPolicy, "change", viewer, company).viewer, companyId: id };
};

const forAvatar: AuthorizeUpload = async (db, viewer) => avatarCompanyOf(db, viewer);

/** What the media module takes files for: the library, replacements, logos, avatars. */
export function createMediaUploadTargets(
  deps: Omit<FindMediaFileDeps, "db">,
): Pick<UploadTargets, "company" | "mediaFile" | "viewer"> {
  const forReplacement: AuthorizeUpload = async (db, viewer, { id, bucket }) => {
    const { file, viewer: by } = await requireMediaFile({ ...deps, db }, viewer, id, "replace");
    if (file.bucket !== bucket)
      throw badUserInput(`This file is one of ${file.bucket}: what replaces it is begun for that bucket.`, {
        field: "bucket",
        allowed: [file.bucket],
      });
    return { viewer: by, companyId: file.companyId };
  };
  const replaceable = Object.values(Bucket).filter((bucket) => MUTATION_OF_PURPOSE[bucket] === undefined);
  return {
    company: { PHOTOS: forLibrary, VIDEOS: forLibrary, PUBLIC_PAGES: forLibrary, COMPANY_LOGOS: forLogo },
    mediaFile: Object.fromEntries(replaceable.map((bucket) => [bucket, forReplacement])),
    viewer: { AVATARS: forAvatar },
  };
}
