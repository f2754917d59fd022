import type { AttachmentFinding } from "../modules/attachments/find-attachment.js";
import { createAttachmentVerdict } from "../modules/attachments/usage-verdict.js";
import { createAvatarFinder, createAvatarVerdict } from "../modules/media/avatars/avatar-access.js";
import { createBrandingVerdict } from "../modules/media/branding/logo-verdict.js";
import { anyVerdict } from "../modules/media/usage-verdicts.js";
import { createPostVerdict } from "../modules/tickets/post-verdict.js";

/** What those say of a media file who use it: together they decide who may read it. */
export const createFileAccess = (deps: AttachmentFinding) => ({
  verdictOf: anyVerdict(
    createAttachmentVerdict(deps),
    createBrandingVerdict(deps),
    createAvatarVerdict(deps),
    createPostVerdict(deps),
  ),
  findShared: createAvatarFinder(deps),
});
