import { and, eq, gt, lt, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { passwordResets } from "../password-reset.tables.js";
import { users } from "../user.tables.js";
import type { Account } from "../users/user.repository.js";
import { accountColumns, isActive } from "../users/user.repository.js";

export interface NewPasswordReset {
  readonly userId: string;
  readonly tokenHash: string;
  /** Null for the command line. */
  readonly createdBy: string | null;
  readonly expiresAt: Date;
}

/** Replaces the earlier link of the person. */
export async function upsertPasswordReset(tx: Database, reset: NewPasswordReset): Promise<void> {
  await tx
    .insert(passwordResets)
    .values(reset)
    .onConflictDoUpdate({
      target: passwordResets.userId,
      set: { ...reset, createdAt: sql`now()`, updatedAt: sql`now()` },
    });
}

/** The account of a link; null when the link is unknown, used or expired, or the account is not active. */
export async function findAccountByReset(
  db: Database,
  tokenHash: string,
  now: Date,
): Promise<Account | null> {
  const [found] = await db
    .select(accountColumns)
    .from(passwordResets)
    .innerJoin(users, and(eq(users.id, passwordResets.userId), isActive))
    .where(and(eq(passwordResets.tokenHash, tokenHash), gt(passwordResets.expiresAt, now)));
  return found ?? null;
}

/** Removes a used link. @returns whether it was there: of two concurrent uses, one succeeds */
export async function deletePasswordReset(tx: Database, tokenHash: string, now: Date): Promise<boolean> {
  const used = await tx
    .delete(passwordResets)
    .where(and(eq(passwordResets.tokenHash, tokenHash), gt(passwordResets.expiresAt, now)))
    .returning({ id: passwordResets.id });
  return used.length > 0;
}

export async function deletePasswordResetOf(tx: Database, userId: string): Promise<void> {
  await tx.delete(passwordResets).where(eq(passwordResets.userId, userId));
}

export async function purgeEndedPasswordResets(db: Database, now: Date): Promise<void> {
  await db.delete(passwordResets).where(lt(passwordResets.expiresAt, now));
}
