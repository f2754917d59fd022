import { unauthenticated } from "../../kernel/errors.js";
import type { Actor, Viewer } from "../identity/viewer.js";

/** @throws UNAUTHENTICATED for who is nobody we know: a guest who has just joined does not ask with the token yet */
export function requireActor(viewer: Viewer): Actor {
  if (viewer.kind === "anonymous") throw unauthenticated();
  return viewer;
}
