import type { AttachmentParents, ParentRef } from "../../attachments/parents.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import type { DecideAccess } from "../../media/access-decisions.js";
import { listPostsOfFile } from "./post.repository.js";

const ticketOf = ({ ticketId }: { readonly ticketId: string }): ParentRef => ({
  kind: "ticket",
  id: ticketId,
});

/** Decides on a media file: readable with a ticket that it is posted on, deleted with all posts, or hidden. */
export function createPostAccess({ parents }: { readonly parents: AttachmentParents }): DecideAccess {
  return async (db, viewer, mediaFileId) => {
    const posts = await listPostsOfFile(db, tenantsReachedBy(viewer), mediaFileId);
    if (posts.length === 0) return null;
    const states = await parents.statesFor(db, viewer, posts.map(ticketOf));
    const known = posts.filter(({ ticketId }) => states.has(ticketId));
    if (known.length === 0) return "hidden";
    const isReadable = known.some(
      ({ ticketId, deletedAt }) => deletedAt === null && states.get(ticketId) === "readable",
    );
    return isReadable ? "readable" : "deleted";
  };
}
