import { isId } from "../../kernel/ids.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Connection } from "../../platform/graphql/connection.js";
import {
  inOrderOf,
  perEventBatchAndArguments,
  perRequest,
  perRequestAndArguments,
} from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf, tenantsOfRows, tenantsReachedBy } from "../identity/viewer.js";
import { isKnownTo } from "../media/unscanned.js";
import type { AttachmentView } from "./attachment.repository.js";
import { listAttachments } from "./attachment.repository.js";
import type { AttachmentCount } from "./attachment-list.repository.js";
import { countOfParents, listPagesOfParents } from "./attachment-list.repository.js";
import type { FindAttachmentDeps } from "./find-attachment.js";
import { isLive, parentOf } from "./find-attachment.js";
import type { AttachmentList } from "./known-attachments.js";
import { knownTo, NO_ATTACHMENTS } from "./known-attachments.js";
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
    const counts = perRequest<ViewerContext, string, AttachmentCount>(async ({ viewer }, ids) => {
      const byParent = await countOfParents(db, tenantsOf(viewer), kind, ids);
      return ids.map((id) => byParent.get(id) ?? NO_ATTACHMENTS);
    });
    return perRequestAndArguments<ViewerContext, PageArguments, string, Connection<AttachmentView>>(
      async (context, args, ids) => {
        const pages = await listPagesOfParents(db, tenantsOf(context.viewer), kind, ids, pageRequest(args));
        return ids.map((id) =>
          knownTo(context.viewer, { page: pages.get(id), count: () => counts(context).load(id) }),
        );
      },
    );
  };
  const countsOfMessages = perRequest<object, Shown, AttachmentCount>(async (_shared, messages) => {
    const ids = messages.map(({ id }) => id);
    const byMessage = await countOfParents(db, tenantsOfRows(messages), "message", ids);
    return ids.map((id) => byMessage.get(id) ?? NO_ATTACHMENTS);
  });
  /** Shared by all subscribers to a message, people and guests. */
  const ofMessages = perEventBatchAndArguments<ViewerContext, PageArguments, Shown, AttachmentList>(
    async (batch, args, messages) => {
      const ids = messages.map(({ id }) => id);
      const scope = tenantsOfRows(messages);
      const pages = await listPagesOfParents(db, scope, "message", ids, pageRequest(args));
      return messages.map((message) => ({
        page: pages.get(message.id),
        count: () => countsOfMessages(batch).load(message),
      }));
    },
    { nameOf: ({ id }) => id },
  );
  return {
    ofMessage: async (context: ViewerContext, args: PageArguments, message: Shown) =>
      knownTo(context.viewer, await ofMessages(context, args).load(message)),
    ofTicket: connections("ticket"),
    ofReply: connections("reply"),
    /** Live attachments that the viewer may read, by their ids; null for others. */
    readable: perRequest<ViewerContext, string, AttachmentView | null>(async ({ viewer }, ids) => {
      const rows = await listAttachments(db, tenantsReachedBy(viewer), ids.filter(isId));
      const states = await parents.statesFor(db, viewer, rows.map(parentOf));
      const shown = rows.filter(
        (attachment) =>
          isKnownTo(viewer, attachment) &&
          isLive({ attachment, parent: states.get(parentOf(attachment).id) ?? null }),
      );
      return inOrderOf(ids, shown, (attachment) => attachment.id);
    }),
  };
}
