import type { LoggedEvent } from "../log/event-log.repository.js";

/** A transient message, such as typing, that is not stored in the event log. */
export interface Signal {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The type of the signal that somebody has come or gone. */
export const PRESENCE_CHANGED = "presence.changed";

/** What a subscriber is told: a member of the channel's union, in plain properties. */
export interface EventPayload {
  readonly __typename: string;
}

/**
 * One kind of topic, as the module that owns it describes it; a topic is named `<kind>:<id>`.
 *
 * Everything here is asked for many at once, since a thousand may follow one topic: one statement, whatever their
 * number.
 */
export interface Channel<Viewer> {
  /** The first part of its topics' names. */
  readonly kind: string;
  /** Lets the viewer begin to follow. @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN */
  admit(viewer: Viewer, id: string): Promise<void>;
  /** Which of these viewers may follow the topic as things are now, in their order. */
  readers(id: string, viewers: readonly Viewer[]): Promise<readonly boolean[]>;
  /**
   * What is told of these events, with their objects as they are now, in the order of the events; null where there
   * is nothing to tell.
   */
  toPayloads(id: string, events: readonly LoggedEvent[]): Promise<readonly (EventPayload | null)[]>;
  /** What is told of a signal; null where there is nothing to tell. */
  toSignalPayload?(id: string, signal: Signal): Promise<EventPayload | null>;
  /** Whether this viewer, who may follow the topic, is told this. */
  isVisibleTo(viewer: Viewer, told: EventPayload): boolean;
  /**
   * By which ids the others learn that this viewer is there; null for who is not shown. The channel is then given
   * signals of the type `PRESENCE_CHANGED`, with these ids and `isOnline`. Left out where nobody is shown.
   */
  presenceOf?(viewer: Viewer): Readonly<Record<string, unknown>> | null;
}

/** What is asked for by who wants to follow a topic. */
export interface SubscribeRequest {
  readonly kind: string;
  readonly id: string;
  /** The cursor of the last event that the subscriber has; none: what happens from now on. */
  readonly after?: string | null | undefined;
  /** Whether who comes and goes is told as well. */
  readonly presence?: boolean | undefined;
}

/** One event, told to one subscriber. */
export interface Delivery<Viewer> {
  /** Give it as `after` to go on behind this event; a signal has that of the event before it. */
  readonly cursor: string;
  readonly event: EventPayload;
  /** The subscriber as it is known now. */
  readonly viewer: Viewer;
  /** The same object for all who are told of this event now. */
  readonly shared: object;
}

/**
 * Follows a topic as this request's viewer: first what was missed, then what happens, in order, each exactly once. It
 * ends with an error when the viewer may follow no more.
 *
 * @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN; BAD_USER_INPUT for a cursor that is none; GONE when the log does not
 *   reach back to the cursor
 */
export type Subscribe<Viewer> = (request: SubscribeRequest) => Promise<AsyncIterable<Delivery<Viewer>>>;
