import { isId } from "../../kernel/ids.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import {
  inOrderOf,
  perEventBatchAndArguments,
  perRequest,
  perRequestAndArguments,
} from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf, tenantsOfRows, tenantsReachedBy } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import {
  attachmentPosition,
  countOfParents,
  listAttachments,
  listPagesOfParents,
} from "./attachment.repository.js";
import type { FindAttachmentDeps } from "./find-attachment.js";
import { isLive, parentOf } from "./find-attachment.js";
import type { ParentRef } from "./parents.js";

/** A parent that the viewer may read. */
interface Shown {
  readonly id: string;
  readonly companyId: string;
}

export type AttachmentLoaders = ReturnType<typeof createAttachmentLoaders>;

/**
 * The nested lists of attachments. A viewer who may read a parent may read its attachments; the module of the parent
 * has decided that.
 */
export function createAttachmentLoaders({ db, parents }: FindAttachmentDeps) {
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
  const countsOfMessages = perRequest<object, Shown, number>(async (_shared, messages) => {
    const ids = messages.map(({ id }) => id);
    const byMessage = await countOfParents(db, tenantsOfRows(messages), "message", ids);
    return ids.map((id) => byMessage.get(id) ?? 0);
  });
  return {
    /** Shared by all subscribers to a message, people and guests: the same for all of them. */
    ofMessage: perEventBatchAndArguments<ViewerContext, PageArguments, Shown, Connection<AttachmentView>>(
      async (batch, args, messages) => {
        const ids = messages.map(({ id }) => id);
        const scope = tenantsOfRows(messages);
        const pages = await listPagesOfParents(db, scope, "message", ids, pageRequest(args));
        return messages.map((message) =>
          toConnection(pages.get(message.id) ?? noAttachments, attachmentPosition, () =>
            countsOfMessages(batch).load(message),
          ),
        );
      },
      { nameOf: ({ id }) => id },
    ),
    ofTicket: connections("ticket"),
    ofReply: connections("reply"),
    /** Live attachments that the viewer may read, by their ids; null for others. */
    readable: perRequest<ViewerContext, string, AttachmentView | null>(async ({ viewer }, ids) => {
      const rows = await listAttachments(db, tenantsReachedBy(viewer), ids.filter(isId));
      const states = await parents.statesFor(db, viewer, rows.map(parentOf));
      const shown = rows.filter((attachment) =>
        isLive({ attachment, parent: states.get(parentOf(attachment).id) ?? null }),
      );
      return inOrderOf(ids, shown, (attachment) => attachment.id);
    }),
  };
}

const noAttachments = { rows: [], hasNextPage: false, hasPreviousPage: false };
