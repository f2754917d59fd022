import type { Policy } from "../../../kernel/authorize.js";
import type { SessionRow } from "../session.tables.js";
import type { Viewer } from "../viewer.js";
import { isUser } from "../viewer.js";

type Session = Pick<SessionRow, "userId">;

/**
 * A session is visible to its owner only; administrators end all sessions of a person by deactivating the account.
 */
export const sessionPolicy = {
  subject: "session",
  viewers: ["user"],
  read: (viewer: Viewer, session: Session) => isUser(viewer, session.userId),
  end: (viewer: Viewer, session: Session) => isUser(viewer, session.userId),
} satisfies Policy<Viewer, Session> & Record<string, unknown>;
