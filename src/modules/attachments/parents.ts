import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";

/** The parent of an attachment. */
export interface ParentRef {
  readonly kind: "ticket" | "reply" | "message";
  readonly id: string;
}

/** The state of a parent for a viewer; none if it is not visible. */
export type ParentState = "readable" | "deleted";

/** A change of one attachment. */
export interface AttachmentEvent {
  readonly companyId: string;
  readonly attachmentId: string;
  /** `rendered`: its variants are ready, or it is known now that it will have none. */
  readonly what: "added" | "updated" | "rendered" | "deleted" | "restored";
}

/**
 * The port that modules with attachments implement for their objects: this module is lower and does not know who may
 * read a ticket, or how many files it may have.
 */
export interface AttachmentParents {
  /** By the parent's id. Parents that are not visible to the viewer, who may be a guest, are left out. */
  statesFor(
    db: Database,
    viewer: Viewer,
    parents: readonly ParentRef[],
  ): Promise<ReadonlyMap<string, ParentState>>;
  /** Locks the parent against other changes of its files; taken before any lock on an attachment. */
  lock(tx: Database, parent: ParentRef): Promise<void>;
  /**
   * Changes the counters of the parent's files, under its lock; figures may be negative.
   *
   * @throws QUOTA_EXCEEDED if the quota of the parent is exceeded, GONE if it has been deleted meanwhile
   */
  countFiles(
    tx: Database,
    parent: ParentRef,
    change: { readonly files: number; readonly bytes: number },
  ): Promise<void>;
  /**
   * Records the event of a changed attachment, in its transaction. Not called for attachments that are deleted with
   * their parent: its own event covers them.
   */
  onAttachmentChanged(tx: Database, parent: ParentRef, event: AttachmentEvent): Promise<void>;
}

/** Delegates each parent to the module of its kind. Parents of other kinds are not visible. */
export function parentsByKind(
  answers: Readonly<Partial<Record<ParentRef["kind"], AttachmentParents>>>,
): AttachmentParents {
  const answering = ({ kind }: ParentRef): AttachmentParents => {
    const module = answers[kind];
    if (!module) throw new Error(`nobody answers for the attachments of a ${kind}`);
    return module;
  };
  return {
    async statesFor(db, viewer, parents) {
      const asked = new Map<AttachmentParents, ParentRef[]>();
      for (const parent of parents) {
        const module = answers[parent.kind];
        if (module) asked.set(module, [...(asked.get(module) ?? []), parent]);
      }
      const states = await Promise.all([...asked].map(([module, own]) => module.statesFor(db, viewer, own)));
      return new Map(states.flatMap((ofModule) => [...ofModule]));
    },
    lock: (tx, parent) => answering(parent).lock(tx, parent),
    countFiles: (tx, parent, change) => answering(parent).countFiles(tx, parent, change),
    onAttachmentChanged: (tx, parent, event) => answering(parent).onAttachmentChanged(tx, parent, event),
  };
}
