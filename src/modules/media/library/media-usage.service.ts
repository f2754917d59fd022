import { authorize } from "../../../kernel/authorize.js";
import { gone } from "../../../kernel/errors.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import type { FindMediaFileDeps } from "../find-media-file.js";
import { requireMediaFile } from "../find-media-file.js";
import { isInternalUsage } from "../internal-usages.js";
import { lockMediaFiles } from "../media-file.repository.js";
import type { MediaUsage, MediaUsageView } from "../media-usage.repository.js";
import { findUsage, lockMediaFileForUse } from "../media-usage.repository.js";
import { refuseSinglePurpose } from "../single-purpose-buckets.js";
import type { NewUsage, ResourceField } from "./declare-usage.js";
import {
  declareUsage,
  internalResource,
  lockReplacedUsages,
  refuseInternalResource,
  removeUsage,
  requireUsed,
} from "./declare-usage.js";
import { libraryPolicy } from "./library.policy.js";
import type { ResourceUsage, UsingResources } from "./resource-usage.repository.js";
import {
  countUsagesOfResources,
  listUsagesOfResources,
  USAGE_CURSOR_SIZE,
  usagePosition,
} from "./resource-usage.repository.js";

/** A usage of a file by a resource of an external application. */
export interface ExternalUsage extends ResourceField {
  readonly mediaFileId: string;
}

export interface UsageList extends UsingResources {
  readonly companyId: string;
}

export type MediaUsageService = ReturnType<typeof createMediaUsageService>;

/** Usages by external applications. The changes are idempotent. */
export const createMediaUsageService = (deps: FindMediaFileDeps) => ({
  /** Usages by resources of external applications, for the staff of the company. @throws BAD_USER_INPUT */
  async listUsages(
    viewer: Viewer,
    { companyId, ...resources }: UsageList,
    page: PageArguments,
  ): Promise<Connection<ResourceUsage>> {
    authorize(libraryPolicy, "browseTheFilesOf", viewer, await findCompany(deps.db, companyId));
    if (isInternalUsage(resources.resourceType)) throw internalResource(resources.resourceType);
    const request = pageRequest(page, USAGE_CURSOR_SIZE);
    return toConnection(
      await listUsagesOfResources(deps.db, companyId, resources, request),
      usagePosition,
      () => countUsagesOfResources(deps.db, companyId, resources),
    );
  },

  /**
   * The file cannot be deleted and is not an orphan as long as it has the usage. @throws BAD_USER_INPUT for a resource
   * type of Filedesk, or a file of a single-purpose bucket; GONE; CONFLICT if it would replace too many
   */
  async addUsage(viewer: Viewer, { replace, ...input }: ExternalUsage & NewUsage): Promise<MediaUsageView> {
    const found = await requireMediaFile(deps, viewer, input.mediaFileId, "sayWhereItIsUsed");
    refuseInternalResource(input);
    refuseSinglePurpose(found.file, "mediaFileId");
    const { id, companyId } = found.file;
    const usage: MediaUsage = { ...input, mediaFileId: id, companyId };
    const lock = async (tx: Database) => {
      const replaced = replace ? await lockReplacedUsages(tx, usage) : [];
      return { replaced, isThere: await lockMediaFileForUse(tx, companyId, id) };
    };
    return writeAs(deps.db, { viewer: found.viewer, companyId, lock }, async (tx, by, locked) => {
      await requireMediaFile({ ...deps, db: tx }, by, id, "sayWhereItIsUsed");
      if (!locked?.isThere) throw gone("file");
      return declareUsage({ ...deps, db: tx }, by, { usage, replaced: locked.replaced });
    });
  },

  /** Of deleted files as well. @throws BAD_USER_INPUT for a resource type of Filedesk */
  async removeUsage(viewer: Viewer, input: ExternalUsage): Promise<MediaUsageView> {
    const found = await requireUsed(deps, viewer, input.mediaFileId);
    const { id, companyId } = found.file;
    if (isInternalUsage(input.resourceType)) throw internalResource(input.resourceType);
    const usage = { ...input, companyId };
    const lock = (tx: Database) => lockMediaFiles(tx, [id]);
    return writeAs(deps.db, { viewer: found.viewer, companyId, lock }, async (tx, by) => {
      await requireUsed({ ...deps, db: tx }, by, id);
      const known = await findUsage(tx, usage);
      await removeUsage(tx, by, usage);
      return known ?? { ...usage, createdAt: deps.clock() };
    });
  },
});
