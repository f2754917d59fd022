import type { Page, Position } from "../../kernel/pagination.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import type { Viewer } from "../identity/viewer.js";
import { isKnownTo, seesUnscanned } from "../media/unscanned.js";
import type { AttachmentView } from "./attachment.repository.js";
import type { AttachmentCount } from "./attachment-list.repository.js";
import { attachmentPosition } from "./attachment-list.repository.js";

/** A page of a parent's attachments as it is for those who know of all of them, and their number. */
export interface AttachmentList {
  readonly page: Page<AttachmentView> | undefined;
  readonly count: () => Promise<AttachmentCount>;
  /** Of an attachment in the order of the list; by default that of upload. */
  readonly position?: (row: AttachmentView) => Position;
}

/**
 * The attachments of a page that the viewer may know of. The page may become shorter, and even empty, but its cursors
 * lead on.
 */
export function knownTo(
  viewer: Viewer,
  { page = noAttachments, count, position = attachmentPosition }: AttachmentList,
): Connection<AttachmentView> {
  const connection = toConnection(page, position, async () => {
    const { count: all, unscanned } = await count();
    return all - unscanned.filter((one) => !seesUnscanned(viewer, one)).length;
  });
  if (page.rows.every((row) => isKnownTo(viewer, row))) return connection;
  return {
    nodes: page.rows.filter((row) => isKnownTo(viewer, row)),
    get edges() {
      return connection.edges.filter(({ node }) => isKnownTo(viewer, node));
    },
    get pageInfo() {
      return connection.pageInfo;
    },
    get totalCount() {
      return connection.totalCount;
    },
  };
}

export const NO_ATTACHMENTS: AttachmentCount = { count: 0, unscanned: [] };
const noAttachments = { rows: [], hasNextPage: false, hasPreviousPage: false };
