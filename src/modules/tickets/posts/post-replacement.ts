import { FileKind } from "../../media/file-types.js";
import type { PostReplacement } from "../../media/library/replacement-ports.js";
import { recordTicketEvent } from "../ticket.events.js";
import { listPostsOfFile } from "./post.repository.js";

/** A photo stays an image and a clip a video, in deleted posts too: they may come back. */
export const postReplacement: PostReplacement = {
  async requiredKinds(tx, companyId, mediaFileId) {
    const posts = await listPostsOfFile(tx, { companyIds: [companyId] }, mediaFileId);
    return [...new Set(posts.map(({ kind }) => (kind === "VIDEO_CLIP" ? FileKind.VIDEO : FileKind.IMAGE)))];
  },

  async contentReplaced(tx, companyId, mediaFileId) {
    for (const post of await listPostsOfFile(tx, { companyIds: [companyId] }, mediaFileId))
      if (post.deletedAt === null)
        recordTicketEvent(tx, { id: post.ticketId, companyId }, "post.updated", { postId: post.id });
  },
};
