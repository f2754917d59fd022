import type { Principal } from "../../../kernel/authorize.js";
import type { Committed } from "../log/record-event.js";
import type { Channel, Delivery, SubscribeRequest } from "./channel.js";

/** Whoever may follow; somebody with an id can be told apart from others. */
export interface FeedViewer extends Principal {
  readonly id?: string;
}

/** Who is known of the viewers that follow: the identity module tells it. */
export interface ViewerSource<Viewer> {
  /**
   * These viewers as they are known now, in their order, in one statement a kind; anonymous for whose access has ended.
   * Who has not changed is the same object: it need not be judged anew.
   */
  reload(viewers: readonly Viewer[]): Promise<readonly Viewer[]>;
}

/** What a feed keeps in memory: none of it grows with what subscribers have not taken yet. */
export interface FeedCounts {
  readonly topics: number;
  readonly subscribers: number;
  /** Events and signals that are kept for subscribers who are a little behind. */
  readonly kept: number;
  /** Entries of who is there, here and in other processes. */
  readonly present: number;
}

/** Brings what is committed anywhere to those who follow it here. */
export interface EventFeed<Viewer extends FeedViewer> {
  /** Told what each transaction of this process leaves behind. */
  notify(committed: Committed): void;
  /** Begins to listen. */
  open(options: { channels: readonly Channel<Viewer>[]; viewers: ViewerSource<Viewer> }): Promise<void>;
  /** As `Follow`, until the signal aborts. */
  subscribe(
    viewer: Viewer,
    request: SubscribeRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterableIterator<Delivery<Viewer>>>;
  counts(): FeedCounts;
  /**
   * Ends what is followed, without an error, and stops listening. Transactions that end later still wake the other
   * processes, as long as the database is open. Idempotent.
   */
  close(): Promise<void>;
}
