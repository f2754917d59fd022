import type { Database } from "../../platform/database/client.js";
import { inOrderOf, perRequest } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { MediaFileView } from "./media-file.repository.js";
import { listMediaFiles } from "./media-file.repository.js";

export type MediaFileLoaders = ReturnType<typeof createMediaFileLoaders>;

export function createMediaFileLoaders({ db }: { readonly db: Database }) {
  return {
    byId: perRequest<ViewerContext, string, MediaFileView | null>(async ({ viewer }, ids) =>
      inOrderOf(ids, await listMediaFiles(db, tenantsOf(viewer), ids), (file) => file.id),
    ),
  };
}
