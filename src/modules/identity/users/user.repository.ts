import type { SQL } from "drizzle-orm";
import { and, asc, eq, isNull, notExists, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { isId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { isUniqueViolation } from "../../../platform/database/faults.js";
import type { UserRow } from "../user.tables.js";
import { users } from "../user.tables.js";

/** The visible columns of an account. The rest of the row never leaves the repositories. */
export type Person = Pick<UserRow, "id" | "email" | "name" | "isAdmin">;

/** The columns that sign-in needs. */
export type Credentials = Pick<UserRow, "id" | "passwordHash">;

export type NewUser = Pick<UserRow, "email" | "name" | "passwordHash" | "isAdmin">;

/** The account is neither deleted nor deactivated. */
export const isActive: SQL = sql`${users.deletedAt} is null and ${users.deactivatedAt} is null`;

/** The columns of a `Person`. */
export const personColumns = { id: users.id, email: users.email, name: users.name, isAdmin: users.isAdmin };

/** Lists deleted people as well: they remain the authors of what they wrote. */
export const listPeople = (db: Database, ids: readonly string[]): Promise<Person[]> =>
  db.select(personColumns).from(users).where(isAnyOf(users.id, ids));

/** @param email normalised */
export async function findPersonByEmail(db: Database, email: string): Promise<Person | null> {
  const [found] = await db
    .select(personColumns)
    .from(users)
    .where(and(eq(users.email, email), isNull(users.deletedAt)));
  return found ?? null;
}

/** @param email normalised */
export async function findCredentials(db: Database, email: string): Promise<Credentials | null> {
  const [found] = await db
    .select({ id: users.id, passwordHash: users.passwordHash })
    .from(users)
    .where(and(eq(users.email, email), isActive));
  return found ?? null;
}

/** The columns that a change of an account needs. */
export type Account = Person & Pick<UserRow, "passwordHash" | "deactivatedAt">;

/** The columns of an `Account`. */
export const accountColumns = {
  ...personColumns,
  passwordHash: users.passwordHash,
  deactivatedAt: users.deactivatedAt,
};

const isThisAccount = (id: string) => and(eq(users.id, id), isNull(users.deletedAt));

/** Finds deactivated accounts as well. Null for a malformed id. */
export async function findAccount(db: Database, id: string): Promise<Account | null> {
  if (!isId(id)) return null;
  const [found] = await db.select(accountColumns).from(users).where(isThisAccount(id));
  return found ?? null;
}

/** As `findAccount`, with the row locked against other changes until the transaction ends. */
export async function findAccountForChange(tx: Database, id: string): Promise<Account | null> {
  if (!isId(id)) return null;
  const [found] = await tx.select(accountColumns).from(users).where(isThisAccount(id)).for("no key update");
  return found ?? null;
}

/**
 * Whether the person may sign in and, if given, still has this password hash. The row stays locked for share: until
 * the transaction ends nobody deactivates the account or changes the password, so that a session opened meanwhile is
 * ended with the others.
 */
export async function lockForSignIn(
  tx: Database,
  { id, passwordHash }: { readonly id: string; readonly passwordHash?: string | null },
): Promise<boolean> {
  const isVerified = passwordHash ? eq(users.passwordHash, passwordHash) : undefined;
  const found = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, id), isActive, isVerified))
    .for("share");
  return found.length > 0;
}

/** All active administrators, locked until the transaction ends. */
export async function lockActiveAdmins(tx: Database): Promise<string[]> {
  const admins = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(users.isAdmin, isActive))
    .orderBy(asc(users.id))
    .for("no key update");
  return admins.map(({ id }) => id);
}

/** Serialises changes of what belongs to a person until the transaction ends. */
export async function lockUser(tx: Database, id: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`user:${id}`}, 0))`);
}

/** Null when an account, which may be deleted, has this e-mail address. */
export async function insertUser(db: Database, user: NewUser): Promise<Person | null> {
  const [inserted] = await db.insert(users).values(user).onConflictDoNothing().returning(personColumns);
  return inserted ?? null;
}

export interface UserChanges {
  readonly name?: string | undefined;
  /** Normalised. */
  readonly email?: string | undefined;
  readonly isAdmin?: boolean | undefined;
}

/** Omitted fields stay as they are. */
export async function updateUser(
  tx: Database,
  id: string,
  changes: UserChanges,
): Promise<Person | "email taken" | null> {
  try {
    const [updated] = await tx
      .update(users)
      .set({ ...changes, updatedAt: sql`now()` })
      .where(isThisAccount(id))
      .returning(personColumns);
    return updated ?? null;
  } catch (error) {
    if (isUniqueViolation(error)) return "email taken";
    throw error;
  }
}

export async function updatePasswordHash(tx: Database, id: string, passwordHash: string): Promise<void> {
  await tx.update(users).set({ passwordHash, updatedAt: sql`now()` }).where(eq(users.id, id));
}

/** @param deactivatedAt null reactivates the account */
export async function updateDeactivatedAt(
  tx: Database,
  id: string,
  deactivatedAt: Date | null,
): Promise<void> {
  await tx.update(users).set({ deactivatedAt, updatedAt: sql`now()` }).where(eq(users.id, id));
}

/** Links an account to an external identity, unless either is linked already. */
export async function updateExternalSubject(
  db: Database,
  email: string,
  externalSubject: string,
): Promise<void> {
  const others = alias(users, "others");
  const taken = db.select({ id: others.id }).from(others).where(eq(others.externalSubject, externalSubject));
  await db
    .update(users)
    .set({ externalSubject, updatedAt: sql`now()` })
    .where(and(eq(users.email, email), isActive, isNull(users.externalSubject), notExists(taken)));
}
