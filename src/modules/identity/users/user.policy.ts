import type { Policy } from "../../../kernel/authorize.js";
import type { UserRow } from "../user.tables.js";
import type { Viewer } from "../viewer.js";
import { isAdmin, isUser } from "../viewer.js";

type User = Pick<UserRow, "id">;

/** Accounts are the administrators' matter. Who works with somebody knows them as a member, an author, a participant. */
export const userPolicy = {
  subject: "user",
  viewers: ["user"],
  read: (viewer: Viewer, user: User) => isAdmin(viewer) || isUser(viewer, user.id),
  rename: (viewer: Viewer, user: User) => isAdmin(viewer) || isUser(viewer, user.id),
  changePasswordOf: (viewer: Viewer, user: User) => isUser(viewer, user.id),
  endSessionsOf: (viewer: Viewer, user: User) => isUser(viewer, user.id),
  administer: (viewer: Viewer, _user: User) => isAdmin(viewer),
} satisfies Policy<Viewer, User> & Record<string, unknown>;
