import { authorize } from "../../kernel/authorize.js";
import { conflict } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "./audit.repository.js";
import { normalizeEmail } from "./email.js";
import { installation, installationPolicy } from "./installation.policy.js";
import type { PasswordCost } from "./password.js";
import { hashPassword } from "./password.js";
import type { Person } from "./user.repository.js";
import { insertUser } from "./user.repository.js";
import type { Viewer } from "./viewer.js";
import { actorOf } from "./viewer.js";

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly isAdmin?: boolean | null | undefined;
}

export interface UserServiceOptions {
  readonly db: Database;
  readonly passwordCost?: PasswordCost;
}

export type UserService = ReturnType<typeof createUserService>;

export function createUserService({ db, passwordCost }: UserServiceOptions) {
  /** @throws CONFLICT when somebody has this e-mail address */
  async function createUser(viewer: Viewer, { email, name, password, isAdmin }: NewAccount): Promise<Person> {
    authorize(installationPolicy, "administer", viewer, installation);
    const passwordHash = await hashPassword(password, passwordCost);
    return db.transaction(async (tx) => {
      const account = { email: normalizeEmail(email), name, passwordHash, isAdmin: isAdmin ?? false };
      const user = await insertUser(tx, account);
      if (!user) throw conflict("Somebody has this e-mail address already.", { field: "email" });
      await insertAuditEntry(tx, {
        companyId: null,
        actorId: actorOf(viewer),
        action: "user.created",
        subjectType: "user",
        subjectId: user.id,
        details: { email: user.email, isAdmin: user.isAdmin },
      });
      return user;
    });
  }

  return { createUser };
}
