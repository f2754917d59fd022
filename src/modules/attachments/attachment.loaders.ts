import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import { perRequest, perRequestAndArguments } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import { attachmentPosition, countOfParents, listPagesOfParents } from "./attachment.repository.js";
import type { ParentRef } from "./parents.js";

export type AttachmentLoaders = ReturnType<typeof createAttachmentLoaders>;

/** The nested lists of attachments. Whoever reads the parent reads them: the parent's module has decided it. */
export function createAttachmentLoaders({ db }: { readonly db: Database }) {
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
  return { ofTicket: connections("ticket"), ofReply: connections("reply") };
}

const noAttachments = { rows: [], hasNextPage: false, hasPreviousPage: false };
