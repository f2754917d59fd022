import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import { writeAsOneself } from "../users/lock-account.js";
import { auditUser } from "../users/user.audit.js";
import { userPolicy } from "../users/user.policy.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { auditSession } from "./session.audit.js";
import { sessionPolicy } from "./session.policy.js";
import { findOpenSession, updateRevokedSessions, updateRevokedSessionsOf } from "./session.repository.js";

export type OwnSessionService = ReturnType<typeof createOwnSessionService>;

/** The sessions of the viewer. Subscriptions, event streams and signed URLs of a session end with it. */
export function createOwnSessionService({ db, clock }: { readonly db: Database; readonly clock: Clock }) {
  /** @throws NOT_FOUND for a session that is unknown, ended, or of another person */
  async function endSession(viewer: Viewer, id: string): Promise<UserViewer> {
    const session = await findOpenSession(db, id, clock());
    const { viewer: own } = authorize(sessionPolicy, "end", viewer, session);
    await writeAsOneself(db, own, async (tx, now) => {
      authorize(sessionPolicy, "end", now.viewer, session);
      const ended = await updateRevokedSessions(tx, [id], clock());
      if (ended.length === 0) return;
      viewerChanged(tx, own.id);
      await auditSession(tx, { sessionId: id, by: now.viewer, action: "session.ended" });
    });
    return own;
  }

  /** Ends all sessions except the current one. A token of an external provider has no session: all sessions end. */
  async function endOtherSessions(viewer: Viewer): Promise<UserViewer> {
    const oneself = viewer.kind === "user" ? viewer : null;
    const { viewer: own } = authorize(userPolicy, "endSessionsOf", viewer, oneself);
    await writeAsOneself(db, own, async (tx, now) => {
      authorize(userPolicy, "endSessionsOf", now.viewer, now.account);
      const others = { now: clock(), except: own.sessionId };
      const sessionsEnded = await updateRevokedSessionsOf(tx, own.id, others);
      if (sessionsEnded === 0) return;
      viewerChanged(tx, own.id);
      await auditUser(tx, {
        userId: own.id,
        by: now.viewer,
        action: "user.signed-out-elsewhere",
        details: { sessionsEnded },
      });
    });
    return own;
  }

  return { endSession, endOtherSessions };
}
