import type { Database } from "../../../platform/database/client.js";
import { listApiKeyViewers } from "../api-keys/api-key-viewers.js";
import { listGuestViewers } from "../guests/guest.repository.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { anonymous } from "../viewer.js";
import { listViewersByIds, listViewersBySessions } from "./viewer.repository.js";

/**
 * Reads these viewers again, in at most four statements for any number: a topic may have a thousand subscribers. The
 * result is anonymous where the session, the account, the API key or the access of the guest has ended. Unchanged viewers are
 * returned as the same objects.
 */
export async function reloadViewers(
  db: Database,
  viewers: readonly Viewer[],
  now: Date,
): Promise<readonly Viewer[]> {
  const people = viewers.filter((viewer) => viewer.kind === "user");
  const sessionIds = people.flatMap(({ sessionId }) => sessionId ?? []);
  const withoutSession = people.filter(({ sessionId }) => sessionId === undefined);
  const guestIds = viewers.flatMap((viewer) => (viewer.kind === "guest" ? viewer.id : []));
  const keyIds = viewers.flatMap((viewer) => (viewer.kind === "api-key" ? viewer.id : []));
  const [bySession, byId, guests, keys] = await Promise.all([
    listViewersBySessions(db, distinct(sessionIds), now),
    listViewersByIds(db, distinct(withoutSession.map(({ id }) => id))),
    listGuestViewers(db, distinct(guestIds), now),
    listApiKeyViewers(db, distinct(keyIds), now),
  ]);
  const sessions = new Map(bySession.map((viewer) => [viewer.sessionId, viewer]));
  const others = new Map<string, Viewer>([...byId, ...guests, ...keys].map((viewer) => [viewer.id, viewer]));
  return viewers.map((viewer) => {
    if (viewer.kind === "anonymous") return anonymous;
    const found =
      viewer.kind !== "user" || viewer.sessionId === undefined
        ? others.get(viewer.id)
        : ofSamePerson(viewer, sessions.get(viewer.sessionId));
    if (found === undefined) return anonymous;
    return isUnchanged(viewer, found) ? viewer : found;
  });
}

const distinct = (ids: readonly string[]): string[] => [...new Set(ids)];

const ofSamePerson = (viewer: UserViewer, found: UserViewer | undefined): UserViewer | undefined =>
  found?.id === viewer.id ? found : undefined;

function isUnchanged(known: Viewer, found: Viewer): boolean {
  if (known.kind === "user" && found.kind === "user")
    return (
      known.name === found.name &&
      known.email === found.email &&
      known.isAdmin === found.isAdmin &&
      hasEqualRoles(known, found)
    );
  // Only the name and the end of a key could change, and its scopes: none does.
  if (known.kind === "api-key") return found.kind === "api-key";
  if (known.kind !== "guest" || found.kind !== "guest") return false;
  const { companyId, conversationId, name } = known;
  return name === found.name && companyId === found.companyId && conversationId === found.conversationId;
}

function hasEqualRoles({ roles }: UserViewer, { roles: found }: UserViewer): boolean {
  if (roles.size !== found.size) return false;
  for (const [companyId, role] of roles) if (found.get(companyId) !== role) return false;
  return true;
}
