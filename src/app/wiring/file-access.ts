import { createAttachmentAccess } from "../../modules/attachments/attachment-access.js";
import type { AttachmentParents } from "../../modules/attachments/parents.js";
import { strongestDecision } from "../../modules/media/access-decisions.js";
import { decideAvatarAccess, findSharedAvatar } from "../../modules/media/avatars/avatar-access.js";
import { decideBrandingAccess } from "../../modules/media/branding/branding-access.js";
import { createPostAccess } from "../../modules/tickets/posts/post-access.js";

/** The modules that use media files decide together who may read one. */
export const createFileAccess = (deps: { readonly parents: AttachmentParents }) => ({
  decideAccess: strongestDecision(
    createAttachmentAccess(deps),
    decideBrandingAccess,
    decideAvatarAccess,
    createPostAccess(deps),
  ),
  findShared: findSharedAvatar,
});
