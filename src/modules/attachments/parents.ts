import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";

/** What an attachment hangs on. */
export interface ParentRef {
  readonly kind: "ticket" | "reply";
  readonly id: string;
}

/** What a viewer may know of a parent; who may not know it is told nothing at all. */
export type ParentState = "readable" | "deleted";

/**
 * What the modules whose objects carry attachments answer for them: this module stands below them and does
 * not know who may read a ticket, nor how many files it takes.
 */
export interface AttachmentParents {
  /** By the parent's id; parents that the viewer may not read are left out. */
  statesFor(viewer: Viewer, parents: readonly ParentRef[]): Promise<ReadonlyMap<string, ParentState>>;
  /** Makes whoever else changes the parent's files wait; taken before any lock on an attachment. */
  lock(tx: Database, parent: ParentRef): Promise<void>;
  /**
   * Counts files in or out (negative figures), under the parent's lock.
   *
   * @throws QUOTA_EXCEEDED when the parent does not take as many, GONE when it has been deleted meanwhile
   */
  countFiles(
    tx: Database,
    parent: ParentRef,
    change: { readonly files: number; readonly bytes: number },
  ): Promise<void>;
}
