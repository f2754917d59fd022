import type { Database } from "../../database/client.js";
import type { EventOutbox, NewEvent } from "./event.repository.js";
import { appendEvents } from "./event.repository.js";

/** A signal that is sent to a topic. */
export interface SentSignal {
  readonly topic: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a committed transaction has for subscribers. */
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
  if (!found) throw new Error("events can only be recorded in a transaction of a database with an event log");
  return found;
}

/**
 * Records an event in a transaction (transactional outbox). It is written at the end of the transaction, so that the
 * topic's row is locked only until the commit, and all topics are locked in one order, so that two transactions never
 * deadlock.
 */
export function recordEvent(tx: Database, event: NewEvent): void {
  collectedIn(tx).events.push(event);
}

/** Sends a signal when the transaction has committed. */
export function recordSignal(tx: Database, signal: SentSignal): void {
  collectedIn(tx).signals.push(signal);
}

/**
 * The same database, whose transactions write their recorded events to the log and to the outbox at their end, and call
 * `notify` after the commit.
 */
export function withEventRecording(
  db: Database,
  notify: (committed: Committed) => void,
  outbox?: EventOutbox,
): Database {
  const transaction: Database["transaction"] = async (work, config) => {
    const own: Collected = { events: [], signals: [] };
    let writing: Promise<number> = Promise.resolve(0);
    const result = await db.transaction(async (tx) => {
      // A retried transaction starts without events.
      own.events.length = own.signals.length = 0;
      collected.set(tx, own);
      const value = await work(tx);
      // Sent together with the COMMIT, so that the topics' locks never wait for this process. If it fails, the COMMIT
      // becomes a rollback, and the failure is thrown below.
      writing = appendEvents(tx, outbox ? own.events : own.events.filter(isLogged), outbox);
      writing.catch(() => {});
      await handedOver();
      return value;
    }, config);
    if ((await writing) > 0) outbox?.onTaken();
    const topics = new Set(own.events.filter(isLogged).map(({ topic }) => topic));
    if (topics.size > 0 || own.signals.length > 0) notify({ topics: [...topics], signals: own.signals });
    return result;
  };
  return Object.create(db as object, { transaction: { value: transaction } }) as Database;
}

const isLogged = ({ isBeginning }: NewEvent) => isBeginning !== true;

/** Resolves after pending microtasks: by then the driver has got the statement that was started before. */
const handedOver = () => new Promise<void>((resolve) => process.nextTick(resolve));
