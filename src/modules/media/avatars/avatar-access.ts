import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import type { DecideAccess } from "../access-decisions.js";
import type { MediaFileView } from "../media-file.repository.js";
import { avatarPolicy } from "./avatar.policy.js";
import { findAvatarByFile } from "./avatar.repository.js";

/** A media file that is a person's avatar is readable for those who may see the avatar. */
export const decideAvatarAccess: DecideAccess = async (db, viewer, mediaFileId) => {
  const avatar = await findAvatarByFile(db, tenantsReachedBy(viewer), mediaFileId);
  if (avatar === null) return null;
  return avatarPolicy.read(viewer, avatar) ? "readable" : "hidden";
};

/** The file of an avatar that is visible to the viewer, of any tenant. */
export async function findSharedAvatar(
  db: Database,
  viewer: Viewer,
  mediaFileId: string,
): Promise<MediaFileView | null> {
  const avatar = await findAvatarByFile(db, tenantsReachedBy(viewer), mediaFileId);
  return avatar && avatarPolicy.read(viewer, avatar) ? avatar : null;
}
