import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { tenantsOf } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { VerdictOf } from "../usage-verdicts.js";
import { avatarPolicy } from "./avatar.policy.js";
import { findAvatarByFile } from "./avatar.repository.js";

/** What is said of a media file that is a person's avatar: readable for those who may see the avatar. */
export const avatarVerdict: VerdictOf = async (db, viewer, mediaFileId) => {
  const avatar = await findAvatarByFile(db, tenantsOf(viewer), mediaFileId);
  if (avatar === null) return null;
  return avatarPolicy.read(viewer, avatar) ? "readable" : "hidden";
};

/** The file of an avatar that the viewer may see, whichever tenant keeps it. */
export async function findSharedAvatar(
  db: Database,
  viewer: Viewer,
  mediaFileId: string,
): Promise<MediaFileView | null> {
  const avatar = await findAvatarByFile(db, tenantsOf(viewer), mediaFileId);
  return avatar && avatarPolicy.read(viewer, avatar) ? avatar : null;
}
