import type { Database } from "../../database/client.js";
import { recordSignal } from "./record-event.js";

const PREFIX = "viewer:";

/**
 * Says in a transaction that somebody's rights or access have changed by it: what they follow, in whatever process, is
 * looked at again after the commit, and ends where they may follow no more.
 */
export const viewerChanged = (tx: Database, id: string): void =>
  recordSignal(tx, { topic: `${PREFIX}${id}`, type: "viewer.changed", payload: {} });

/** Whose rights have changed, when a signal to this topic says that; else null. */
export const changedViewer = (topic: string): string | null =>
  topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null;
