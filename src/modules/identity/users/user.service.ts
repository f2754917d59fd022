import { authorize, readable } from "../../../kernel/authorize.js";
import { conflict, notFound } from "../../../kernel/errors.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { writeAs } from "../confirm-viewer.js";
import { installation, installationPolicy } from "../installation.policy.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { isUser } from "../viewer.js";
import { normalizeEmail } from "./email.js";
import { keepLastAdmin, lockAccount, writeAsOneself } from "./lock-account.js";
import type { PasswordCost } from "./password.js";
import { hashPasswordFrom } from "./password.js";
import { requireGoodPassword } from "./password-rule.js";
import { auditUser } from "./user.audit.js";
import { userPolicy } from "./user.policy.js";
import type { Person, UserChanges } from "./user.repository.js";
import { findAccount, insertUser, updateUser } from "./user.repository.js";
import type { UserList } from "./user-list.repository.js";
import { countUsers, listUsers, userPosition } from "./user-list.repository.js";

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  /** Without one, the person sets it with a link, or signs in through an external identity provider only. */
  readonly password?: string | null | undefined;
  readonly isAdmin?: boolean | null | undefined;
}

export interface UserSearch extends PageArguments, UserList {}

/** Omitted fields stay as they are. */
export interface UserEdit {
  readonly id: string;
  readonly name?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly isAdmin?: boolean | null | undefined;
}

export interface UserServiceOptions {
  readonly db: Database;
  readonly passwordCost?: PasswordCost;
}

export type UserService = ReturnType<typeof createUserService>;

export function createUserService({ db, passwordCost }: UserServiceOptions) {
  /** @throws CONFLICT when an account has this e-mail address */
  async function createUser(viewer: Viewer, { email, name, password, isAdmin }: NewAccount): Promise<Person> {
    const administrator = authorize(installationPolicy, "administer", viewer, installation).viewer;
    if (password != null) requireGoodPassword(password, { email, name });
    const passwordHash =
      password == null ? null : await hashPasswordFrom(administrator.id, password, passwordCost);
    return writeAs(db, { viewer, companyId: null }, async (tx, by) => {
      authorize(installationPolicy, "administer", by, installation);
      const account = { email: normalizeEmail(email), name, passwordHash, isAdmin: isAdmin ?? false };
      const user = await insertUser(tx, account);
      if (!user) throw emailTaken();
      await auditUser(tx, {
        userId: user.id,
        by,
        action: "user.created",
        details: { email: user.email, isAdmin: user.isAdmin },
      });
      return user;
    });
  }

  /** An account, for administrators and its owner; null for others and when it does not exist. */
  const readUser = async (viewer: Viewer, id: string): Promise<Person | null> =>
    readable(userPolicy, viewer, await findAccount(db, id));

  /** All accounts by name; for administrators. */
  async function browseUsers(
    viewer: Viewer,
    { search, isDeactivated, ...page }: UserSearch,
  ): Promise<Connection<Person>> {
    authorize(installationPolicy, "administer", viewer, installation);
    const list = { search: search?.trim(), isDeactivated };
    const found = await listUsers(db, list, pageRequest(page));
    return toConnection(found, userPosition, () => countUsers(db, list));
  }

  /**
   * Changes an account: administrators change all fields, others only their own name.
   *
   * @throws CONFLICT when another account has the e-mail address, and when no administrator would be left
   */
  async function editUser(viewer: Viewer, { id, ...input }: UserEdit): Promise<Person> {
    const changes = changesOf(input);
    const isName = changes.email === undefined && changes.isAdmin === undefined;
    const account = await findAccount(db, id);
    const { viewer: by } = authorize(userPolicy, isName ? "rename" : "administer", viewer, account);
    if (isName && isUser(by, id))
      return writeAsOneself(db, by, async (tx, now) => {
        authorize(userPolicy, "rename", now.viewer, now.account);
        return updateAccount(tx, id, changes, by);
      });
    return db.transaction(async (tx) => {
      const { admins } = await lockAccount(tx, { userId: id, by });
      if (changes.isAdmin === false) keepLastAdmin(admins, id);
      return updateAccount(tx, id, changes, by);
    });
  }

  return { createUser, readUser, browseUsers, editUser };
}

async function updateAccount(
  tx: Database,
  id: string,
  changes: UserChanges,
  by: UserViewer,
): Promise<Person> {
  const edited = await updateUser(tx, id, changes);
  if (edited === "email taken") throw emailTaken();
  if (!edited) throw notFound(userPolicy.subject);
  viewerChanged(tx, id);
  await auditUser(tx, { userId: id, by, action: "user.updated", details: { ...changes } });
  return edited;
}

const changesOf = ({ name, email, isAdmin }: Omit<UserEdit, "id">): UserChanges => ({
  ...(name != null && { name }),
  ...(email != null && { email: normalizeEmail(email) }),
  ...(isAdmin != null && { isAdmin }),
});

const emailTaken = () => conflict("Somebody has this e-mail address already.", { field: "email" });
