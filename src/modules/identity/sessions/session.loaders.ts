import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { perRequest } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../viewer.js";
import type { OpenSession } from "./session.repository.js";
import { listOpenSessions } from "./session.repository.js";

export type SessionLoaders = ReturnType<typeof createSessionLoaders>;

export const createSessionLoaders = ({ db, clock }: { readonly db: Database; readonly clock: Clock }) => ({
  /** Open sessions of a person, newest first. A request asks for one person only, the viewer. */
  ofUser: perRequest<ViewerContext, string, OpenSession[]>((_context, ids) =>
    Promise.all(ids.map((id) => listOpenSessions(db, id, clock()))),
  ),
});
