import type { AttachmentParents } from "../../modules/attachments/parents.js";
import { createAttachmentVerdict } from "../../modules/attachments/usage-verdict.js";
import { avatarVerdict, findSharedAvatar } from "../../modules/media/avatars/avatar-access.js";
import { brandingVerdict } from "../../modules/media/branding/logo-access.js";
import { anyVerdict } from "../../modules/media/usage-verdicts.js";
import { createPostUsageDecision } from "../../modules/tickets/posts/post-usage-decision.js";

/** The verdicts of all modules that use media files: together they decide who may read a file. */
export const createFileAccess = (deps: { readonly parents: AttachmentParents }) => ({
  verdictOf: anyVerdict(
    createAttachmentVerdict(deps),
    brandingVerdict,
    avatarVerdict,
    createPostUsageDecision(deps),
  ),
  findShared: findSharedAvatar,
});
