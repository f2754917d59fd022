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
 * Creates an administrator if no account has this e-mail address. An existing account stays unchanged, including its
 * password, so that every instance may call this at every start.
 *
 * @returns whether the administrator was created
 * @throws BAD_USER_INPUT for an invalid e-mail address and for an unacceptable password
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
      by: null,
      action: "user.created",
      details: { email: address, isAdmin: true },
    });
    return true;
  });
}
