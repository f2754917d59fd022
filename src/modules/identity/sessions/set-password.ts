import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { AuditActor } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";
import { auditUser } from "../users/user.audit.js";
import { updatePasswordHash } from "../users/user.repository.js";
import { deletePasswordResetOf } from "./password-reset.repository.js";
import { updateRevokedSessionsOf } from "./session.repository.js";

export interface PasswordSetting {
  readonly userId: string;
  readonly passwordHash: string;
  /** Who set it; null for the command line. */
  readonly by: AuditActor | null;
  readonly action: Extract<AuditActionOn<"user">, `user.password-${"changed" | "reset" | "set"}`>;
  /** The session that stays open when somebody changes their own password. */
  readonly keptSession?: string | undefined;
  readonly now: Date;
}

/**
 * Sets the password of a person, and ends their sessions and their password reset link. Call it under the lock on the
 * account.
 */
export async function setPassword(tx: Database, setting: PasswordSetting): Promise<void> {
  const { userId, passwordHash, by, action, keptSession, now } = setting;
  await updatePasswordHash(tx, userId, passwordHash);
  await deletePasswordResetOf(tx, userId);
  const sessionsEnded = await updateRevokedSessionsOf(tx, userId, { now, except: keptSession });
  viewerChanged(tx, userId);
  await auditUser(tx, { userId, by, action, details: { sessionsEnded } });
}
