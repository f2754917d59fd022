import { authorize, readable } from "../../../kernel/authorize.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import { isKeyOf, isManagerOf } from "../../identity/viewer.js";
import type { FindMediaFileDeps } from "../find-media-file.js";
import { isLive, lookUpMediaFile } from "../find-media-file.js";
import { isInternalUsage } from "../internal-usages.js";
import { mediaFilePolicy } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import { internalResource } from "./declare-usage.js";
import { libraryPolicy } from "./library.policy.js";
import type { LibraryOrder, LibraryScope, MediaFileFilter } from "./library.repository.js";
import { countLibrary, LIBRARY_CURSOR_SIZE, libraryPosition, listLibrary } from "./library.repository.js";

export interface LibraryDeps extends FindMediaFileDeps {
  readonly retentionDays: number;
}

export interface LibraryList {
  readonly companyId: string;
  readonly filter: MediaFileFilter;
  readonly order: LibraryOrder;
  readonly page: PageArguments;
}

export type LibraryService = ReturnType<typeof createLibraryService>;

export const createLibraryService = (deps: LibraryDeps) => ({
  /** Null if it does not exist, is deleted or expired, or is not visible. */
  async mediaFile(viewer: Viewer, id: string): Promise<MediaFileView | null> {
    const found = await lookUpMediaFile(deps, viewer, id);
    const subject = readable(mediaFilePolicy, viewer, found?.file.versionOf == null ? found : null);
    return subject && (await isLive(deps, subject)) ? subject.file : null;
  },

  /** A company's files, for its staff. Restorable deleted files: all for managers, their own for agents. */
  async listMediaFiles(viewer: Viewer, list: LibraryList): Promise<Connection<MediaFileView>> {
    const { companyId, order } = list;
    const company = await findCompany(deps.db, companyId);
    const { viewer: by } = authorize(libraryPolicy, "browseTheFilesOf", viewer, company);
    const { usedBy } = list.filter;
    if (usedBy && isInternalUsage(usedBy.resourceType)) throw internalResource(usedBy.resourceType);
    const scope = {
      companyId,
      now: deps.clock(),
      restorableSince: restorableSince(deps.clock, deps.retentionDays),
      deletedOf: deletedOf(by, companyId),
      withoutPersonal: by.kind === "api-key",
    };
    const request = pageRequest(list.page, LIBRARY_CURSOR_SIZE);
    const page = await listLibrary(deps.db, scope, list.filter, { order, page: request });
    return toConnection(page, libraryPosition(order), () => countLibrary(deps.db, scope, list.filter));
  },
});

/** Whose deleted files the viewer may restore. */
function deletedOf(viewer: Identified, companyId: string): LibraryScope["deletedOf"] {
  if (isManagerOf(viewer, companyId)) return "everybody";
  // What was deleted with an attachment is not told from a file of the library any more: a key sees those of keys alone.
  if (isKeyOf(viewer, companyId, "MANAGE")) return "api-keys";
  return viewer.kind === "user" ? { uploaderId: viewer.id } : "nobody";
}
