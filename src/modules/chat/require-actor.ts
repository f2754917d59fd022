import { forbidden, unauthenticated } from "../../kernel/errors.js";
import type { Actor, Viewer } from "../identity/viewer.js";

/**
 * @throws UNAUTHENTICATED without a sign-in, such as for a guest who has just joined and does not use the token yet;
 *   FORBIDDEN for an API key, which says nothing
 */
export function requireActor(viewer: Viewer): Actor {
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
  if (viewer.kind === "api-key") throw forbidden("An API key takes no part in conversations.");
  return viewer;
}
