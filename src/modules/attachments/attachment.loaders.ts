import { isId } from "../../kernel/ids.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import { inOrderOf, perRequest, perRequestAndArguments } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import {
  attachmentPosition,
  countOfParents,
  listAttachments,
  listPagesOfParents,
} from "./attachment.repository.js";
import type { AttachmentFinding } from "./find-attachment.js";
import { isLive, parentOf } from "./find-attachment.js";
import type { ParentRef } from "./parents.js";

export type AttachmentLoaders = ReturnType<typeof createAttachmentLoaders>;

/** The nested lists of attachments. Whoever reads the parent reads them: the parent's module has decided it. */
export function createAttachmentLoaders({ db, parents }: AttachmentFinding) {
  const connections = (kind: ParentRef["kind"]) => {
    const counts = perRequest<ViewerContext, string, number>(async ({ viewer }, ids) => {
      const byParent = await countOfParents(db, tenantsOf(viewer), kind, ids);
      return ids.map((id) => byParent.get(id) ?? 0);
    });
    return perRequestAndArguments<ViewerContext, PageArguments, string, Connection<AttachmentView>>(
      async (context, args, ids) => {
        const pages = await listPagesOfParents(db, tenantsOf(context.viewer), kind, ids, pageRequest(args));
        return ids.map((id) =>
          toConnection(pages.get(id) ?? noAttachments, attachmentPosition, () => counts(context).load(id)),
        );
      },
    );
  };
  return {
    ofTicket: connections("ticket"),
    ofReply: connections("reply"),
    /** Live attachments that the viewer may read, by their ids; null for others. */
    readable: perRequest<ViewerContext, string, AttachmentView | null>(async ({ viewer }, ids) => {
      const rows = await listAttachments(db, tenantsOf(viewer), ids.filter(isId));
      const states = await parents.statesFor(viewer, rows.map(parentOf));
      const shown = rows.filter((attachment) =>
        isLive({ attachment, parent: states.get(parentOf(attachment).id) ?? null }),
      );
      return inOrderOf(ids, shown, (attachment) => attachment.id);
    }),
  };
}

const noAttachments = { rows: [], hasNextPage: false, hasPreviousPage: false };
