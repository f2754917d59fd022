import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { perRequestAndArguments } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import type { FileKind } from "../media/file-types.js";
import type { AttachmentView } from "./attachment.repository.js";
import type { AttachmentCount } from "./attachment-list.repository.js";
import { knownTo, NO_ATTACHMENTS } from "./known-attachments.js";
import type { ThreadList } from "./thread-attachment.repository.js";
import { countOfThreads, listPagesOfThreads, threadPositionIn } from "./thread-attachment.repository.js";

export interface ThreadArguments extends PageArguments {
  readonly kind?: readonly FileKind[] | null | undefined;
}

/**
 * Connections of the attachments of tickets or conversations that the viewer may read. @param listFor which of them the
 * viewer is shown
 */
export function threadAttachments(db: Database, listFor: (context: ViewerContext) => ThreadList) {
  const counts = perRequestAndArguments<
    ViewerContext,
    Pick<ThreadArguments, "kind">,
    string,
    AttachmentCount
  >(async (context, { kind: kinds }, ids) => {
    const byThread = await countOfThreads(db, { ...listFor(context), kinds }, ids);
    return ids.map((id) => byThread.get(id) ?? NO_ATTACHMENTS);
  });
  return perRequestAndArguments<ViewerContext, ThreadArguments, string, Connection<AttachmentView>>(
    async (context, { kind, ...args }, ids) => {
      const list = { ...listFor(context), kinds: kind };
      const pages = await listPagesOfThreads(db, list, ids, pageRequest(args));
      const position = threadPositionIn(list);
      const count = (id: string) => counts(context, { kind }).load(id);
      return ids.map((id) =>
        knownTo(context.viewer, { page: pages.get(id), count: () => count(id), position }),
      );
    },
  );
}
