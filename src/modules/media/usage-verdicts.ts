import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";
import type { UsageVerdict } from "./media-file.policy.js";

/** What one module says of a media file; null: it does not use it. Asked of the database, or within a transaction. */
export type VerdictOf = (db: Database, viewer: Viewer, mediaFileId: string) => Promise<UsageVerdict | null>;

const STRONGEST_FIRST: readonly UsageVerdict[] = ["readable", "deleted", "hidden"];

/**
 * Joins what all modules that use media files say of one: who may read it in one place may read it, and who may know
 * that it was deleted in one place is told so.
 */
export function anyVerdict(...verdicts: readonly VerdictOf[]): VerdictOf {
  return async (...asked) => {
    const given = new Set(await Promise.all(verdicts.map((verdictOf) => verdictOf(...asked))));
    return STRONGEST_FIRST.find((verdict) => given.has(verdict)) ?? null;
  };
}
