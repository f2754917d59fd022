import type { Database } from "../../database/client.js";
import { recordSignal } from "./record-event.js";

const PREFIX = "viewer:";

/**
 * Signals that a transaction changes somebody's rights or access. After the commit, every process checks their
 * subscriptions again and ends those that they may not read any more.
 */
export const viewerChanged = (tx: Database, id: string): void =>
  recordSignal(tx, { topic: `${PREFIX}${id}`, type: "viewer.changed", payload: {} });

/** The viewer whose rights have changed, if this is the topic of such a signal; else null. */
export const changedViewer = (topic: string): string | null =>
  topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null;
