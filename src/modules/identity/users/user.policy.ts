import type { Policy } from "../../../kernel/authorize.js";
import type { UserRow } from "../user.tables.js";
import type { Viewer } from "../viewer.js";
import { isAdmin, isUser } from "../viewer.js";

type User = Pick<UserRow, "id">;

/**
 * Accounts are visible to administrators and their owners. Others see people as members, authors and participants.
 */
export const userPolicy = {
  subject: "user",
  viewers: ["user"],
  read: (viewer: Viewer, user: User) => isAdmin(viewer) || isUser(viewer, user.id),
  rename: (viewer: Viewer, user: User) => isAdmin(viewer) || isUser(viewer, user.id),
  changePasswordOf: (viewer: Viewer, user: User) => isUser(viewer, user.id),
  endSessionsOf: (viewer: Viewer, user: User) => isUser(viewer, user.id),
  administer: (viewer: Viewer, _user: User) => isAdmin(viewer),
} satisfies Policy<Viewer, User> & Record<string, unknown>;
