import type { ActionOf } from "../../../kernel/authorize.js";
import { authorize } from "../../../kernel/authorize.js";
import { gone, notFound } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { UserViewer, Viewer } from "../../identity/viewer.js";
import { tenantsOf } from "../../identity/viewer.js";
import { lookUpTicket } from "../find-ticket.js";
import type { TicketView } from "../ticket.repository.js";
import { postPolicy } from "./post.policy.js";
import { findPost } from "./post.repository.js";
import type { PostRow } from "./post.tables.js";

type PostAction = ActionOf<typeof postPolicy>;

export interface FoundPost {
  readonly viewer: UserViewer;
  readonly post: PostRow;
  readonly ticket: TicketView;
}

/** Not authorised yet: any post of the viewer's tenants, deleted or not. */
async function lookUpPost(db: Database, viewer: Viewer, id: string) {
  const post = viewer.kind === "user" && isId(id) ? await findPost(db, tenantsOf(viewer), id) : null;
  const ticket = post && (await lookUpTicket(db, viewer, post.ticketId));
  return post && ticket ? { post, ticket } : null;
}

/**
 * A post, deleted or not, on which the viewer may perform the action.
 *
 * @throws NOT_FOUND, FORBIDDEN, GONE for one whose ticket has been deleted
 */
export async function requireAnyPost(
  db: Database,
  viewer: Viewer,
  id: string,
  action: PostAction,
): Promise<FoundPost> {
  const found = await lookUpPost(db, viewer, id);
  const { viewer: by, subject } = authorize(postPolicy, action, viewer, found);
  if (subject.ticket.deletedAt !== null) throw gone("post");
  return { viewer: by, ...subject };
}

/** As `requireAnyPost`. @throws GONE for a post that has been deleted as well */
export async function requirePost(
  db: Database,
  viewer: Viewer,
  id: string,
  action: PostAction,
): Promise<FoundPost> {
  const found = await requireAnyPost(db, viewer, id, action);
  if (found.post.deletedAt !== null) throw gone("post");
  return found;
}

/** As `requirePost`, for what only a series has. @throws NOT_FOUND for a post of another kind as well */
export async function requireSeries(
  db: Database,
  viewer: Viewer,
  id: string,
  action: PostAction,
): Promise<FoundPost> {
  const found = await requirePost(db, viewer, id, action);
  if (found.post.kind !== "PHOTO_SERIES") throw notFound("photo series");
  return found;
}

/** A post that the caller has just made or changed. @throws GONE when somebody has purged it meanwhile */
export async function rereadPost(db: Database, viewer: UserViewer, id: string): Promise<PostRow> {
  const post = await findPost(db, tenantsOf(viewer), id);
  if (post === null) throw gone("post");
  return post;
}
