import type { Database } from "../../platform/database/client.js";
import { inOrderOf, perEventBatch, perRequest } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf, tenantsOfRows } from "../identity/viewer.js";
import type { MediaFileView } from "./media-file.repository.js";
import { listMediaFiles } from "./media-file.repository.js";

/** An object that has a file and is visible to the viewer, such as an attachment. */
interface ShownUse {
  readonly mediaFileId: string;
  readonly companyId: string;
}

export type MediaFileLoaders = ReturnType<typeof createMediaFileLoaders>;

export function createMediaFileLoaders({ db }: { readonly db: Database }) {
  return {
    byId: perRequest<ViewerContext, string, MediaFileView | null>(async ({ viewer }, ids) =>
      inOrderOf(ids, await listMediaFiles(db, tenantsOf(viewer), ids), (file) => file.id),
    ),

    /** The file of an object that the viewer may read: the module of the object has decided that. */
    beneath: perEventBatch<ViewerContext, ShownUse, MediaFileView | null>(
      async (shown) => {
        const ids = shown.map(({ mediaFileId }) => mediaFileId);
        return inOrderOf(ids, await listMediaFiles(db, tenantsOfRows(shown), ids), (file) => file.id);
      },
      { nameOf: ({ mediaFileId }) => mediaFileId },
    ),
  };
}
