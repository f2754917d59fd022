import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perRequest } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { tenantsOf } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import { avatarPolicy } from "./avatar.policy.js";
import type { AvatarView } from "./avatar.repository.js";
import { listAvatars } from "./avatar.repository.js";

/** The variants of an avatar, by the names of their presets. */
export type AvatarVariant = "thumbnail" | "64x64";

export type AvatarLoaders = ReturnType<typeof createAvatarLoaders>;

export function createAvatarLoaders({ db, urls }: { readonly db: Database; readonly urls: DownloadUrls }) {
  const ofUser = perRequest<ViewerContext, string, AvatarView | null>(async ({ viewer }, ids) => {
    const avatars = await listAvatars(db, tenantsOf(viewer), ids);
    const readable = avatars.filter((avatar) => avatarPolicy.read(viewer, avatar));
    return inOrderOf(ids, readable, (avatar) => avatar.userId);
  });
  return {
    /**
     * The URL of a variant, signed for the viewer; null if the avatar is not visible, does not exist, or is not
     * rendered yet.
     */
    async url(context: ViewerContext, userId: string, variant: AvatarVariant): Promise<string | null> {
      const avatar = await ofUser(context).load(userId);
      return avatar?.variants.includes(variant) ? urls.mediaFileVariant(context, avatar, variant) : null;
    },
  };
}
