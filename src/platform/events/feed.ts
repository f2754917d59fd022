import type { Asker } from "../../kernel/authorize.js";
import type { Channel, Delivery, FollowRequest } from "./channel.js";
import type { Committed } from "./happenings.js";

/** Who is known of the viewers that follow: the identity module tells it. */
export interface ViewerSource<Viewer> {
  /** These viewers as they are known now, in their order, in one statement a kind; anonymous for whose access has ended. */
  reload(viewers: readonly Viewer[]): Promise<readonly Viewer[]>;
}

/** Brings what is committed anywhere to those who follow it here. */
export interface EventFeed<Viewer extends Asker> {
  /** Told what each transaction of this process leaves behind. */
  wake(committed: Committed): void;
  /** Begins to listen. */
  open(options: { channels: readonly Channel<Viewer>[]; viewers: ViewerSource<Viewer> }): Promise<void>;
  /** As `Follow`, until the signal aborts. */
  follow(
    viewer: Viewer,
    request: FollowRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Delivery<Viewer>>>;
  /** Ends what is followed, and stops listening. */
  close(): Promise<void>;
}
