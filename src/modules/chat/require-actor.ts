import { unauthenticated } from "../../kernel/errors.js";
import type { Actor, Viewer } from "../identity/viewer.js";

/** @throws UNAUTHENTICATED without a sign-in, such as for a guest who has just joined and does not use the token yet */
export function requireActor(viewer: Viewer): Actor {
  if (viewer.kind === "anonymous") throw unauthenticated();
  return viewer;
}
