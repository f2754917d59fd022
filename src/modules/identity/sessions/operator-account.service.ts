import { badUserInput, conflict } from "../../../kernel/errors.js";
import { MAX_PAGE_SIZE } from "../../../kernel/pagination.js";
import { isLine, singleLine } from "../../../kernel/text.js";
import type { Database } from "../../../platform/database/client.js";
import { MAX_NAME_LENGTH } from "../name.js";
import { isEmail, normalizeEmail } from "../users/email.js";
import type { PasswordCost } from "../users/password.js";
import { hashPassword } from "../users/password.js";
import { requireGoodPassword } from "../users/password-rule.js";
import { auditUser } from "../users/user.audit.js";
import type { Account, Person } from "../users/user.repository.js";
import { findAccountForChange, findPersonByEmail, insertUser } from "../users/user.repository.js";
import type { UserList } from "../users/user-list.repository.js";
import { listDeactivations, listUsers } from "../users/user-list.repository.js";
import { deactivate, reactivate } from "./deactivate.js";
import type { GivenPasswordReset, PasswordResetDeps } from "./password-reset-link.js";
import { givePasswordReset } from "./password-reset-link.js";
import { setPassword } from "./set-password.js";

export interface OperatorAccountDeps extends PasswordResetDeps {
  readonly passwordCost?: PasswordCost;
}

export interface OperatorAccount {
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
}

/** A person, and when their account was deactivated. */
export type ListedAccount = Person & Pick<Account, "deactivatedAt">;

export type OperatorAccountService = ReturnType<typeof createOperatorAccountService>;

/**
 * Accounts, for the operator on the command line: audit entries have no actor. Not reachable over the network. An
 * unknown address fails with BAD_USER_INPUT.
 */
export function createOperatorAccountService(deps: OperatorAccountDeps) {
  const { db, clock, passwordCost } = deps;

  /** @throws CONFLICT when an account has the address */
  async function create({ email, name: given, isAdmin }: OperatorAccount): Promise<Person> {
    const address = normalizeEmail(email);
    if (!isEmail(address)) throw badUserInput(`"${email}" is not an e-mail address.`);
    const name = singleLine(given);
    if (!isLine(name, MAX_NAME_LENGTH))
      throw badUserInput(
        `A name is one line of 1 to ${MAX_NAME_LENGTH} characters with something visible in it.`,
      );
    return db.transaction(async (tx) => {
      const user = await insertUser(tx, { email: address, name, passwordHash: null, isAdmin });
      if (!user) throw conflict(`Somebody has the e-mail address ${address} already.`);
      await auditUser(tx, {
        userId: user.id,
        by: null,
        action: "user.created",
        details: { email: address, isAdmin },
      });
      return user;
    });
  }

  async function changeAccess(email: string, act: typeof deactivate): Promise<Person> {
    const { id: userId } = await requirePerson(db, email);
    return db.transaction((tx) => act(tx, { userId, by: null, now: clock() }));
  }

  return {
    create,

    /** All accounts by name, read page by page. */
    list: ({ search, ...list }: UserList): AsyncGenerator<ListedAccount> =>
      everybody(db, { ...list, search: search && singleLine(search) }),

    /** Deactivates the account and ends its sessions. @throws CONFLICT for the last administrator */
    lock: (email: string): Promise<Person> => changeAccess(email, deactivate),

    unlock: (email: string): Promise<Person> => changeAccess(email, reactivate),

    /** A link to set a new password. @throws CONFLICT for a deactivated account */
    async linkToPassword(email: string, baseUrl: string): Promise<GivenPasswordReset> {
      const { id: userId } = await requirePerson(db, email);
      return givePasswordReset(deps, { userId, by: null, baseUrl });
    },

    /** Sets a password, and ends all sessions of the person. */
    async setPassword(email: string, password: string): Promise<Person> {
      const person = await requirePerson(db, email);
      requireGoodPassword(password, person);
      const passwordHash = await hashPassword(password, passwordCost);
      await db.transaction(async (tx) => {
        await findAccountForChange(tx, person.id);
        const setting = { userId: person.id, passwordHash, by: null, now: clock() };
        await setPassword(tx, { ...setting, action: "user.password-set" });
      });
      return person;
    },
  };
}

async function requirePerson(db: Database, email: string): Promise<Person> {
  const person = await findPersonByEmail(db, normalizeEmail(email));
  if (!person) throw badUserInput(`Nobody has the e-mail address ${email}.`);
  return person;
}

async function* everybody(db: Database, list: UserList): AsyncGenerator<ListedAccount> {
  let from: [string, string] | null = null;
  for (;;) {
    const page = await listUsers(db, list, { limit: MAX_PAGE_SIZE, direction: "forward", from });
    const since = await listDeactivations(
      db,
      "every company",
      page.rows.map(({ id }) => id),
    );
    for (const [index, person] of page.rows.entries())
      yield { ...person, deactivatedAt: since[index] ?? null };
    const last: Person | undefined = page.rows.at(-1);
    if (!page.hasNextPage || !last) return;
    from = [last.name, last.id];
  }
}
