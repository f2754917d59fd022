import { and, eq, gt, lt, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { users } from "../user.tables.js";
import type { Account } from "../users/user.repository.js";
import { accountColumns, isActive } from "../users/user.repository.js";
import { passwordResets } from "./password-reset.tables.js";

export interface NewPasswordReset {
  readonly userId: string;
  readonly tokenHash: string;
  /** Null for the command line. */
  readonly createdBy: string | null;
  readonly expiresAt: Date;
}

/** Takes the place of the person's earlier link, which is good no more. */
export async function upsertPasswordReset(tx: Database, reset: NewPasswordReset): Promise<void> {
  await tx
    .insert(passwordResets)
    .values(reset)
    .onConflictDoUpdate({
      target: passwordResets.userId,
      set: { ...reset, createdAt: sql`now()`, updatedAt: sql`now()` },
    });
}

/** Whose password a link sets: null when it is unknown, used or over, and for who may not sign in. */
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

/** Uses a link up. @returns whether it was there: of two who use it at once, one is told so */
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
