import type { LoggedEvent } from "../log/event-log.repository.js";

/** A transient message, such as typing, that is not stored in the event log. */
export interface Signal {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The type of the signal that somebody has come or gone. */
export const PRESENCE_CHANGED = "presence.changed";

/** What is delivered to subscribers: a member of the channel's union, as plain properties. */
export interface EventPayload {
  readonly __typename: string;
}

/**
 * One kind of topic, defined by the module that owns it; a topic is named `<kind>:<id>`.
 *
 * All methods work on many viewers or events at once, because a topic may have a thousand subscribers: each runs a
 * fixed number of statements.
 */
export interface Channel<Viewer> {
  /** The first part of its topics' names. */
  readonly kind: string;
  /** Checks whether the viewer may subscribe. @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN */
  admit(viewer: Viewer, id: string): Promise<void>;
  /** Which of these viewers may read the topic now, in their order. */
  readers(id: string, viewers: readonly Viewer[]): Promise<readonly boolean[]>;
  /**
   * The payloads of these events, with the objects in their current state, in the order of the events; null for an
   * event that is not delivered.
   */
  toPayloads(id: string, events: readonly LoggedEvent[]): Promise<readonly (EventPayload | null)[]>;
  /** The payload of a signal; null if it is not delivered. */
  toSignalPayload?(id: string, signal: Signal): Promise<EventPayload | null>;
  /** Whether this payload is delivered to this viewer, who may read the topic. */
  isVisibleTo(viewer: Viewer, payload: EventPayload): boolean;
  /**
   * The ids that identify this viewer to other subscribers; null if its presence is not shown. If present, the channel
   * also gets signals of the type `PRESENCE_CHANGED`, with these ids and `isOnline`. Omitted by channels without
   * presence.
   */
  presenceOf?(viewer: Viewer): Readonly<Record<string, unknown>> | null;
}

/** The arguments of a subscription to a topic. */
export interface SubscribeRequest {
  readonly kind: string;
  readonly id: string;
  /** The cursor of the last event that the subscriber has; without it, only new events are delivered. */
  readonly after?: string | null | undefined;
  /** Whether changes of presence are delivered too. */
  readonly presence?: boolean | undefined;
}

/** One event, delivered to one subscriber. */
export interface Delivery<Viewer> {
  /** Given as `after`, it resumes after this event. A signal has the cursor of the event before it. */
  readonly cursor: string;
  readonly event: EventPayload;
  /** The subscriber's viewer in its current state. */
  readonly viewer: Viewer;
  /** The same object for all subscribers of this event batch. */
  readonly shared: object;
}

/**
 * Subscribes to a topic as the viewer of this request: first past events, then new ones, in order and each exactly
 * once. The iteration ends with an error when the viewer loses access.
 *
 * @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN; BAD_USER_INPUT for an invalid cursor; GONE if events after the cursor
 *   have been pruned
 */
export type Subscribe<Viewer> = (request: SubscribeRequest) => Promise<AsyncIterable<Delivery<Viewer>>>;
