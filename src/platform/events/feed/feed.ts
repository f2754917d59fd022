import type { Principal } from "../../../kernel/authorize.js";
import type { Committed } from "../log/record-event.js";
import type { Channel, Delivery, SubscribeRequest } from "./channel.js";

/** A viewer that can subscribe. Viewers without an id cannot be distinguished. */
export interface FeedViewer extends Principal {
  readonly id?: string;
  /** Another viewer, with whose rights those of this one end. */
  readonly createdBy?: string | null;
}

/** Reloads the viewers of subscribers; implemented by the identity module. */
export interface ViewerSource<Viewer> {
  /**
   * These viewers in their current state, in their order, with one statement per kind; anonymous if their access has
   * ended. An unchanged viewer is the same object, so that it need not be checked again.
   */
  reload(viewers: readonly Viewer[]): Promise<readonly Viewer[]>;
}

/** What a feed keeps in memory. None of it grows with the backlog of subscribers. */
export interface FeedCounts {
  readonly topics: number;
  readonly subscribers: number;
  /** Events and signals that are kept for subscribers that are slightly behind. */
  readonly buffered: number;
  /** Viewers that are present, in this process and in others. */
  readonly present: number;
  /** Milliseconds since the event log was last read for all topics; 0 without subscribers. */
  readonly unreadMs: number;
}

/** Delivers the events of all processes to the subscribers of this process. */
export interface EventFeed<Viewer extends FeedViewer> {
  /** Called with the topics and signals of each committed transaction of this process. */
  notify(committed: Committed): void;
  /** Begins to listen to the event bus. */
  open(options: { channels: readonly Channel<Viewer>[]; viewers: ViewerSource<Viewer> }): Promise<void>;
  /** As `Subscribe`, until the signal aborts. */
  subscribe(
    viewer: Viewer,
    request: SubscribeRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterableIterator<Delivery<Viewer>>>;
  counts(): FeedCounts;
  /**
   * Ends all subscriptions without an error and stops listening. Transactions that commit later still notify other
   * processes, as long as the database is open. Idempotent.
   */
  close(): Promise<void>;
}
