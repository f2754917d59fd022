import type { Database } from "../../../platform/database/client.js";
import type { EndedMembership } from "../../identity/memberships/membership.service.js";
import { lockUser } from "../../identity/users/user.repository.js";
import type { UserViewer } from "../../identity/viewer.js";
import { releaseFileOfField } from "../file-field.js";
import { auditAvatar } from "./avatar.audit.js";
import { avatarOf } from "./avatar.repository.js";

/** Removes a person's avatar, if there is one; its file is soft-deleted. */
export async function releaseAvatar(
  tx: Database,
  by: UserViewer,
  userId: string,
  only?: { readonly companyId: string },
): Promise<void> {
  await lockUser(tx, userId);
  const held = await releaseFileOfField(tx, avatarOf(userId), by.id, only);
  if (held) await auditAvatar(tx, by, "user.avatar-removed", { ...held, userId });
}

/** A person who leaves the company that stores their avatar loses it. */
export const releaseAvatarOfLeaver = (
  tx: Database,
  by: UserViewer,
  { userId, companyId }: EndedMembership,
): Promise<void> => releaseAvatar(tx, by, userId, { companyId });
