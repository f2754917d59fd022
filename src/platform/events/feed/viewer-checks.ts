import pLimit from "p-limit";
import { FiledeskError } from "../../../kernel/errors.js";
import type { FeedViewer, ViewerSource } from "./feed.js";
import type { SubscribedTopic, Subscriber } from "./subscriber.js";

/** Checks the rights of subscribers again: many at once, with one statement per kind of viewer. */
export interface ViewerChecks<Viewer extends FeedViewer> {
  /**
   * Brings the viewers of these subscribers up to date, and ends those that may follow no more. What is asked for at the
   * same moment is done together.
   */
  check(subscribers: Iterable<Subscriber<Viewer>>): Promise<void>;
  /** As `check`, for those alone about whom something else is known than before. */
  checkChanged(subscribers: readonly Subscriber<Viewer>[]): Promise<void>;
}

/** How many are told at once why they may not follow any more. */
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
        // Both at once: most have not changed, and what is known of them with the one holds for the other.
        const [may, reloaded] = await Promise.all([topic.channel.readers(topic.id, before), reloading]);
        const asked = ofThis.map((subscriber, index) => {
          const viewer = reloaded.get(subscriber) ?? subscriber.viewer;
          return { subscriber, viewer, may: viewer === before[index] ? may[index] : undefined };
        });
        await judge(topic, asked, startedAt);
      }),
    );
  }

  async function judge(
    { id, channel }: SubscribedTopic<Viewer>,
    asked: readonly Asked<Viewer>[],
    startedAt: number,
  ): Promise<void> {
    const changed = asked.filter(({ may }) => may === undefined).map(({ viewer }) => viewer);
    const mayNow = changed.length > 0 ? [...(await channel.readers(id, changed))].values() : null;
    const refused = asked.filter(({ subscriber, viewer, may = mayNow?.next().value }) => {
      if (may) accept(subscriber, viewer, startedAt);
      return !may;
    });
    await Promise.all(refused.map((one) => refusals(() => refuse(one, startedAt))));
  }

  /** The channel says why; who has been let in again since goes on. */
  async function refuse({ subscriber, viewer }: Asked<Viewer>, startedAt: number): Promise<void> {
    if (subscriber.isEnded) return;
    try {
      await subscriber.topic.channel.admit(viewer, subscriber.topic.id);
      accept(subscriber, viewer, startedAt);
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

interface Asked<Viewer extends FeedViewer> {
  readonly subscriber: Subscriber<Viewer>;
  readonly viewer: Viewer;
  /** Whether it may follow, as far as that has been found out. */
  readonly may: boolean | undefined;
}

/** What an earlier look has found counts no more when a later one was quicker. */
function accept<Viewer extends FeedViewer>(
  subscriber: Subscriber<Viewer>,
  viewer: Viewer,
  startedAt: number,
): void {
  if (startedAt < subscriber.checkedAt) return;
  subscriber.viewer = viewer;
  subscriber.checkedAt = startedAt;
}
