import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";

/** The parent of an attachment. */
export interface ParentRef {
  readonly kind: "ticket" | "reply" | "message";
  readonly id: string;
}

/** What a viewer may know about a parent; viewers who may not see it get no state. */
export type ParentState = "readable" | "deleted";

/** A change of one attachment. */
export interface AttachmentEvent {
  readonly companyId: string;
  readonly attachmentId: string;
  readonly what: "added" | "updated" | "deleted" | "restored";
}

/**
 * What the modules whose objects carry attachments answer for them: this module stands below them and does
 * not know who may read a ticket, nor how many files it takes.
 */
export interface AttachmentParents {
  /** By the parent's id; parents that the viewer, who may be a guest, may not read are left out. */
  statesFor(
    db: Database,
    viewer: Viewer,
    parents: readonly ParentRef[],
  ): Promise<ReadonlyMap<string, ParentState>>;
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
  /**
   * Told, in the transaction, what became of an attachment of the parent, so that who follows it hears of it. Not told
   * of those that go with their parent: of that its own module tells.
   */
  onAttachmentChanged(tx: Database, parent: ParentRef, event: AttachmentEvent): Promise<void>;
}

/** Delegates each parent to the module of its kind. Parents without a module are unreadable. */
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
