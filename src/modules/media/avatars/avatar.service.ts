import { authorize } from "../../../kernel/authorize.js";
import { conflict } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import { listMembershipsOfUsers } from "../../identity/memberships/membership.repository.js";
import { lockUser } from "../../identity/users/user.repository.js";
import type { UserViewer, Viewer } from "../../identity/viewer.js";
import { replaceFileOfField } from "../file-field.js";
import type { IngestService } from "../ingest/ingest.service.js";
import { requireRecorded } from "../ingest/record.js";
import { auditAvatar } from "./avatar.audit.js";
import { avatarPolicy } from "./avatar.policy.js";
import { avatarOf } from "./avatar.repository.js";
import { releaseAvatar } from "./release-avatar.js";

export interface AvatarDeps {
  readonly db: Database;
  readonly ingest: IngestService;
}

export type AvatarService = ReturnType<typeof createAvatarService>;

export function createAvatarService({ db, ingest }: AvatarDeps) {
  return {
    /**
     * Sets the viewer's avatar, and releases the previous one. It is stored by the company that they have belonged to
     * longest.
     *
     * @throws CONFLICT if the viewer belongs to no company, and what the ingest throws of a file
     */
    async setAvatar(viewer: Viewer, incoming: IncomingFiles): Promise<UserViewer> {
      const { viewer: by, companyId } = await avatarCompanyOf(db, viewer);
      return ingest.ingestFiles({
        viewer: by,
        companyId,
        bucket: "AVATARS",
        incoming,
        permit: async (_tx, known) => {
          // A membership that has ended meanwhile has already released the previous avatar, and would not release this
          // one.
          if (!known.roles.has(companyId)) throw noCompany();
        },
        inTransaction: async (tx, files) => {
          await lockUser(tx, by.id);
          const usage = { ...avatarOf(by.id), companyId, mediaFileId: requireRecorded(files).id };
          await replaceFileOfField(tx, usage, by.id);
          await auditAvatar(tx, by, "user.avatar-set", { ...usage, userId: by.id });
          return by;
        },
      });
    },

    /** Changes nothing if the viewer has no avatar. */
    async removeAvatar(viewer: Viewer): Promise<UserViewer> {
      const by = requireOneself(viewer);
      await writeAs(db, { viewer: by, companyId: null }, (tx, known) =>
        releaseAvatar(tx, requireOneself(known), known.id),
      );
      return by;
    },
  };
}

/** The company that stores the viewer's avatar. @throws UNAUTHENTICATED, CONFLICT if they belong to none */
export async function avatarCompanyOf(
  db: Database,
  viewer: Viewer,
): Promise<{ readonly viewer: UserViewer; readonly companyId: string }> {
  const by = requireOneself(viewer);
  const [[oldest] = []] = await listMembershipsOfUsers(db, [by.id], 1);
  if (oldest === undefined) throw noCompany();
  return { viewer: by, companyId: oldest.companyId };
}

/** @throws UNAUTHENTICATED */
function requireOneself(viewer: Viewer): UserViewer {
  const oneself = viewer.kind === "user" ? { userId: viewer.id, companyIds: [...viewer.roles.keys()] } : null;
  return authorize(avatarPolicy, "change", viewer, oneself).viewer;
}

const noCompany = () =>
  conflict(
    "An avatar is kept by a company, and you belong to none. Become a member of one, then send it again.",
  );
