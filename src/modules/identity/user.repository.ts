import type { SQL } from "drizzle-orm";
import { and, eq, isNull, notExists, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import type { UserRow } from "./user.tables.js";
import { users } from "./user.tables.js";

/** What others may see of an account. The rest of its row never leaves the repositories. */
export type Person = Pick<UserRow, "id" | "email" | "name" | "isAdmin">;

/** What sign-in needs of an account. */
export type Credentials = Pick<UserRow, "id" | "passwordHash">;

export type NewUser = Pick<UserRow, "email" | "name" | "passwordHash" | "isAdmin">;

/** Neither deleted nor deactivated: who may sign in, and be somebody here. */
export const isActive: SQL = sql`${users.deletedAt} is null and ${users.deactivatedAt} is null`;

/** The columns of a `Person`. */
export const personColumns = { id: users.id, email: users.email, name: users.name, isAdmin: users.isAdmin };

/** Deleted people as well: they stay the authors of what they wrote. */
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

/** Makes whoever else changes what belongs to a person wait until the transaction ends. */
export async function lockUser(tx: Database, id: string): Promise<void> {
  await tx.select({ id: users.id }).from(users).where(eq(users.id, id)).for("no key update");
}

/** Null when somebody has this e-mail address already, be it somebody deleted. */
export async function insertUser(db: Database, user: NewUser): Promise<Person | null> {
  const [inserted] = await db.insert(users).values(user).onConflictDoNothing().returning(personColumns);
  return inserted ?? null;
}

/** Ties an account that is not tied yet to a person of the outside identity provider. */
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
