import type { Database } from "../../database/client.js";
import type { NewEvent } from "./event.repository.js";
import { appendEvents } from "./event.repository.js";

/** A signal on its way to a topic. */
export interface SentSignal {
  readonly topic: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a transaction leaves behind for those who follow topics. */
export interface Committed {
  /** Topics that have new events in the log. */
  readonly topics: readonly string[];
  readonly signals: readonly SentSignal[];
}

interface Collected {
  readonly events: NewEvent[];
  readonly signals: SentSignal[];
}

const collected = new WeakMap<Database, Collected>();

function collectedIn(tx: Database): Collected {
  const found = collected.get(tx);
  if (!found) throw new Error("this takes a transaction of a database that keeps a log of events");
  return found;
}

/**
 * Says in a transaction what has happened by it. The event is written at the end of the transaction: the topic's row is
 * locked from then to the commit alone, and topics always in one order, so that two transactions never wait for each other.
 */
export function recordEvent(tx: Database, event: NewEvent): void {
  collectedIn(tx).events.push(event);
}

/** Sends a signal when the transaction has committed. */
export function recordSignal(tx: Database, signal: SentSignal): void {
  collectedIn(tx).signals.push(signal);
}

/**
 * The same database, whose transactions write down at their end what `happened` in them, and wake up after their commit
 * those who follow.
 */
export function withEventRecording(db: Database, wake: (committed: Committed) => void): Database {
  const transaction: Database["transaction"] = async (work, config) => {
    const own: Collected = { events: [], signals: [] };
    let writing: Promise<void> = Promise.resolve();
    const result = await db.transaction(async (tx) => {
      // A transaction that is tried again begins anew.
      own.events.length = own.signals.length = 0;
      collected.set(tx, own);
      const value = await work(tx);
      // Sent together with the COMMIT, so that the topics' locks never wait for this process. Where it fails, the
      // COMMIT is a rollback, and the failure is thrown below.
      writing = appendEvents(tx, own.events);
      writing.catch(() => {});
      await handedOver();
      return value;
    }, config);
    await writing;
    if (own.events.length > 0 || own.signals.length > 0)
      wake({ topics: [...new Set(own.events.map(({ topic }) => topic))], signals: own.signals });
    return result;
  };
  return Object.create(db as object, { transaction: { value: transaction } }) as Database;
}

/** Until promises that are about to settle have: by then the driver has been given a statement that was begun before. */
const handedOver = () => new Promise<void>((resolve) => process.nextTick(resolve));
