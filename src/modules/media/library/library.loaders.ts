import type { Database } from "../../../platform/database/client.js";
import { perRequest } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { isKeyOf, isStaffOf, tenantsReachedBy } from "../../identity/viewer.js";
import { showsVersions } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { MediaUsageView } from "../media-usage.repository.js";
import { listUsagesOfFiles } from "../media-usage.repository.js";
import { listVersionsOfFiles } from "./version.repository.js";

/** How many usages and versions of a file are listed at most. */
const MOST = 100;

export type LibraryLoaders = ReturnType<typeof createLibraryLoaders>;

/** Usages and versions of files that the viewer may read. */
export const createLibraryLoaders = ({ db }: { readonly db: Database }) => ({
  /** Usages, for the staff of the company and its API keys that read files; empty for others. */
  usages: perRequest<ViewerContext, Pick<MediaFileView, "id" | "companyId">, MediaUsageView[]>(
    async ({ viewer }, files) => {
      const shown = files.filter(
        ({ companyId }) => isStaffOf(viewer, companyId) || isKeyOf(viewer, companyId, "READ"),
      );
      if (shown.length === 0) return files.map(() => []);
      const companyIds = [...new Set(shown.map((file) => file.companyId))];
      const ids = [...new Set(shown.map((file) => file.id))];
      const usages = await listUsagesOfFiles(db, companyIds, ids, MOST);
      return files.map((file) => usages.filter((usage) => usage.mediaFileId === file.id));
    },
  ),

  /** Earlier versions, for the staff of the company, its API keys that read files, and the uploader; empty for others. */
  versions: perRequest<
    ViewerContext,
    Pick<MediaFileView, "id" | "companyId" | "uploaderId">,
    MediaFileView[]
  >(async ({ viewer }, files) => {
    const ids = [...new Set(files.filter((file) => showsVersions(viewer, file)).map((file) => file.id))];
    if (ids.length === 0) return files.map(() => []);
    const versions = await listVersionsOfFiles(db, tenantsReachedBy(viewer), ids, MOST);
    return files.map((file) => versions.filter((version) => version.versionOf === file.id));
  }),
});
