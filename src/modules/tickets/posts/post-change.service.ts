import { gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { writeOnTicket } from "../write-on-ticket.js";
import { requirePost, rereadPost } from "./find-post.js";
import { auditPost } from "./post.audit.js";
import { recordPostEvent } from "./post.events.js";
import { touchTicket, updatePostDescription } from "./post.repository.js";
import type { PostRow } from "./post.tables.js";
import { cleanText } from "./post-items.js";

export interface PostChange {
  readonly id: string;
  readonly description?: string | null | undefined;
}

export type PostChangeService = ReturnType<typeof createPostChangeService>;

export const createPostChangeService = ({ db }: { readonly db: Database }) => ({
  /** Changes the description of a post. The same description changes nothing. */
  async describePost(viewer: Viewer, { id, description }: PostChange): Promise<PostRow> {
    const found = await requirePost(db, viewer, id, "edit");
    if (description === undefined) return found.post;
    const text = cleanText(description);
    await writeOnTicket(db, found, async (tx, by) => {
      const { post } = await requirePost(tx, by, id, "edit");
      if (post.description === text) return;
      if (!(await updatePostDescription(tx, post.companyId, id, text))) throw gone("post");
      await touchTicket(tx, post.companyId, post.ticketId);
      recordPostEvent(tx, post, "post.updated");
      await auditPost(tx, by, "post.updated", post);
    });
    return rereadPost(db, found.viewer, id);
  },
});
