import { badUserInput } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { isEmail, normalizeEmail } from "./email.js";
import type { PasswordCost } from "./password.js";
import { hashPassword } from "./password.js";
import { requireGoodPassword } from "./password-rule.js";
import { auditUser } from "./user.audit.js";
import { findPersonByEmail, insertUser } from "./user.repository.js";

export interface FirstAdmin {
  readonly email: string;
  readonly password: string;
  readonly passwordCost?: PasswordCost;
}

/**
 * Creates an administrator when nobody has this e-mail address. An account that exists stays as it is, its
 * password included, so every instance may call this at every start.
 *
 * @returns whether the administrator was created now
 * @throws BAD_USER_INPUT for a text that is no e-mail address and for a password that is too short
 */
export async function bootstrapAdmin(
  db: Database,
  { email, password, passwordCost }: FirstAdmin,
): Promise<boolean> {
  const address = normalizeEmail(email);
  if (!isEmail(address)) throw badUserInput(`"${email}" is not an e-mail address.`, { field: "email" });
  requireGoodPassword(password, { email: address, name: "Administrator" });
  if (await findPersonByEmail(db, address)) return false;
  const passwordHash = await hashPassword(password, passwordCost);
  return db.transaction(async (tx) => {
    const admin = await insertUser(tx, {
      email: address,
      name: "Administrator",
      passwordHash,
      isAdmin: true,
    });
    if (!admin) return false;
    await auditUser(tx, {
      userId: admin.id,
      actorId: null,
      action: "user.created",
      details: { email: address, isAdmin: true },
    });
    return true;
  });
}
