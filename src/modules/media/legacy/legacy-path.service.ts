import { notFound, unauthenticated } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Viewer, ViewerContext } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import type { MediaFileService } from "../media-file.service.js";
import type { VariantService } from "../variants/variant.service.js";
import { findLegacyPath } from "./legacy-path.repository.js";

export interface LegacyPathDeps {
  readonly db: Database;
  readonly mediaFiles: Pick<MediaFileService, "requireReadable">;
  readonly variants: Pick<VariantService, "publicUrl">;
  readonly urls: DownloadUrls;
}

/** Where a file is served now. */
export interface NewAddress {
  readonly url: string;
  /** Whether it is the same for everybody. */
  readonly isPublic: boolean;
}

export type LegacyPathService = ReturnType<typeof createLegacyPathService>;

/** The addresses that imported files had before. */
export function createLegacyPathService({ db, mediaFiles, variants, urls }: LegacyPathDeps) {
  return {
    /**
     * Where the file of an old address is served, for a viewer who may read it. An unknown address looks like that of a
     * file that the viewer may not know of.
     *
     * @param paths of `legacyPathsOf`
     * @throws UNAUTHENTICATED unless it is a public file, NOT_FOUND, GONE
     */
    async locate(
      context: Pick<ViewerContext, "viewer" | "baseUrl">,
      paths: readonly string[],
    ): Promise<NewAddress> {
      const legacy = await findLegacyPath(db, paths);
      const url = legacy && (await variants.publicUrl(context, legacy.mediaFileId));
      if (url !== null) return { url, isPublic: true };
      requireIdentified(context.viewer);
      if (legacy === null) throw notFound("file");
      const file = await mediaFiles.requireReadable(context.viewer, legacy.mediaFileId);
      return { url: urls.mediaFileInline(context, file) ?? urls.mediaFile(context, file), isPublic: false };
    },
  };
}

function requireIdentified(viewer: Viewer): void {
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
}
