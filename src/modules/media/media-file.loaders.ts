import type { Database } from "../../platform/database/client.js";
import { inOrderOf, perEventBatch, perRequest } from "../../platform/graphql/loaders.js";
import type { ApiKeyViewer, ViewerContext } from "../identity/viewer.js";
import { isAuthor, isKeyOf, tenantsOf, tenantsOfRows, tenantsReachedBy } from "../identity/viewer.js";
import type { MediaFileView } from "./media-file.repository.js";
import { listMediaFiles } from "./media-file.repository.js";
import { uploaderOf } from "./uploader.js";

/** An object that has a file and is visible to the viewer, such as an attachment. */
interface ShownUse {
  readonly mediaFileId: string;
  readonly companyId: string;
}

export type MediaFileLoaders = ReturnType<typeof createMediaFileLoaders>;

export function createMediaFileLoaders({ db }: { readonly db: Database }) {
  return {
    byId: perRequest<ViewerContext, string, MediaFileView | null>(async ({ viewer }, ids) => {
      const files =
        viewer.kind === "api-key"
          ? await listFilesOfKey(db, viewer, ids)
          : await listMediaFiles(db, tenantsOf(viewer), ids);
      return inOrderOf(ids, files, (file) => file.id);
    }),

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

/** Without the scope READ, those that it has uploaded itself. */
async function listFilesOfKey(db: Database, key: ApiKeyViewer, ids: readonly string[]) {
  const files = await listMediaFiles(db, tenantsReachedBy(key), ids, { withoutPersonal: true });
  return files.filter((file) => isKeyOf(key, file.companyId, "READ") || isAuthor(key, uploaderOf(file)));
}
