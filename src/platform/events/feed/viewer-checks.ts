import pLimit from "p-limit";
import { FiledeskError } from "../../../kernel/errors.js";
import type { FeedViewer, ViewerSource } from "./feed.js";
import type { SubscribedTopic, Subscriber } from "./subscriber.js";

/** Checks the rights of subscribers again: many at once, with one statement per kind of viewer. */
export interface ViewerChecks<Viewer extends FeedViewer> {
  /**
   * Reloads the viewers of these subscribers and ends subscriptions whose viewer has lost access. Calls within one turn
   * of the event loop are combined.
   */
  check(subscribers: Iterable<Subscriber<Viewer>>): Promise<void>;
  /** As `check`, for subscribers whose viewer has changed. */
  checkChanged(subscribers: readonly Subscriber<Viewer>[]): Promise<void>;
}

/** How many refusals are determined at once. */
const REFUSALS_AT_ONCE = 4;
const RELOADED_AT_ONCE = 1_000;

export function createViewerChecks<Viewer extends FeedViewer>(
  viewers: ViewerSource<Viewer>,
): ViewerChecks<Viewer> {
  const refusals = pLimit(REFUSALS_AT_ONCE);
  let gathering: { subscribers: Set<Subscriber<Viewer>>; done: Promise<void> } | null = null;

  async function checkAll(subscribers: readonly Subscriber<Viewer>[]): Promise<void> {
    if (subscribers.length === 0) return;
    const startedAt = performance.now();
    const ofTopic = new Map<SubscribedTopic<Viewer>, Subscriber<Viewer>[]>();
    for (const subscriber of subscribers) {
      const others = ofTopic.get(subscriber.topic);
      if (others) others.push(subscriber);
      else ofTopic.set(subscriber.topic, [subscriber]);
    }
    const known = new Map(subscribers.map((subscriber) => [subscriber, subscriber.viewer]));
    const reloading = viewers
      .reload([...known.values()])
      .then(
        (reloaded) => new Map([...known.keys()].map((subscriber, index) => [subscriber, reloaded[index]])),
      );
    await Promise.all(
      [...ofTopic].map(async ([topic, ofThis]) => {
        const before = ofThis.map((subscriber) => known.get(subscriber) ?? subscriber.viewer);
        // Both in parallel: most viewers have not changed, and for them the answer of `readers` holds.
        const [allowed, reloaded] = await Promise.all([topic.channel.readers(topic.id, before), reloading]);
        const checked = ofThis.map((subscriber, index) => {
          const viewer = reloaded.get(subscriber) ?? subscriber.viewer;
          return { subscriber, viewer, isAllowed: viewer === before[index] ? allowed[index] : undefined };
        });
        await decide(topic, checked, startedAt);
      }),
    );
  }

  async function decide(
    { id, channel }: SubscribedTopic<Viewer>,
    checked: readonly CheckedSubscriber<Viewer>[],
    startedAt: number,
  ): Promise<void> {
    const changed = checked.filter(({ isAllowed }) => isAllowed === undefined).map(({ viewer }) => viewer);
    const allowed = changed.length > 0 ? [...(await channel.readers(id, changed))].values() : null;
    const refused = checked.filter(({ subscriber, viewer, isAllowed = allowed?.next().value }) => {
      if (isAllowed) applyCheck(subscriber, viewer, startedAt);
      return !isAllowed;
    });
    await Promise.all(refused.map((one) => refusals(() => refuse(one, startedAt))));
  }

  /** Gets the reason from the channel. A viewer that has access again keeps its subscription. */
  async function refuse({ subscriber, viewer }: CheckedSubscriber<Viewer>, startedAt: number): Promise<void> {
    if (subscriber.isEnded) return;
    try {
      await subscriber.topic.channel.admit(viewer, subscriber.topic.id);
      applyCheck(subscriber, viewer, startedAt);
    } catch (error) {
      if (!(error instanceof FiledeskError)) throw error;
      subscriber.end(error);
    }
  }

  const check = (subscribers: Iterable<Subscriber<Viewer>>): Promise<void> => {
    if (gathering === null) {
      const together = new Set<Subscriber<Viewer>>();
      const done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        gathering = null;
        return checkAll([...together].filter(({ isEnded }) => !isEnded));
      });
      gathering = { subscribers: together, done };
    }
    for (const subscriber of subscribers) gathering.subscribers.add(subscriber);
    return gathering.done;
  };

  return {
    check,
    async checkChanged(subscribers) {
      for (let start = 0; start < subscribers.length; start += RELOADED_AT_ONCE) {
        const some = subscribers.slice(start, start + RELOADED_AT_ONCE);
        const before = some.map(({ viewer }) => viewer);
        const reloaded = await viewers.reload(before);
        const changed = some.filter((_, index) => reloaded[index] !== before[index]);
        if (changed.length > 0) await check(changed);
      }
    },
  };
}

interface CheckedSubscriber<Viewer extends FeedViewer> {
  readonly subscriber: Subscriber<Viewer>;
  readonly viewer: Viewer;
  /** Whether it may read the topic; undefined if that has to be checked again. */
  readonly isAllowed: boolean | undefined;
}

/** Applies the result of a check, unless a check that began later has already been applied. */
function applyCheck<Viewer extends FeedViewer>(
  subscriber: Subscriber<Viewer>,
  viewer: Viewer,
  startedAt: number,
): void {
  if (startedAt < subscriber.checkedAt) return;
  subscriber.viewer = viewer;
  subscriber.checkedAt = startedAt;
}
