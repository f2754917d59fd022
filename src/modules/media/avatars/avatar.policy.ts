import type { Policy } from "../../../kernel/authorize.js";
import type { Viewer } from "../../identity/viewer.js";
import { isAdmin, isMemberOf, isUser } from "../../identity/viewer.js";

/** The person with the avatar, and the companies (not deleted) that they belong to. */
export interface AvatarSubject {
  readonly userId: string;
  readonly companyIds: readonly string[];
}

/** An avatar is visible to people who share a company with its owner, whichever company stores the file. */
export const avatarPolicy = {
  subject: "avatar",
  viewers: ["user"],
  read: (viewer: Viewer, { userId, companyIds }: AvatarSubject) =>
    isUser(viewer, userId) || isAdmin(viewer) || companyIds.some((id) => isMemberOf(viewer, id)),
  change: (viewer: Viewer, { userId }: AvatarSubject) => isUser(viewer, userId),
} satisfies Policy<Viewer, AvatarSubject>;
