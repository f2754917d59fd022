import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";
import type { AccessDecision } from "./media-file.policy.js";

/** Decides for one module that uses media files who may read one; null: the module does not use it. Runs within a transaction as well. */
export type DecideAccess = (
  db: Database,
  viewer: Viewer,
  mediaFileId: string,
) => Promise<AccessDecision | null>;

const STRONGEST_FIRST: readonly AccessDecision[] = ["readable", "deleted", "hidden"];

/**
 * Combines the decisions of all modules that use media files: a viewer who may read the file through one usage may
 * read it, and a viewer who may know that one usage was deleted gets `deleted`.
 */
export function strongestDecision(...deciders: readonly DecideAccess[]): DecideAccess {
  return async (...asked) => {
    const given = new Set(await Promise.all(deciders.map((decide) => decide(...asked))));
    return STRONGEST_FIRST.find((decision) => given.has(decision)) ?? null;
  };
}
