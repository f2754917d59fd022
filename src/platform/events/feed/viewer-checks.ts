import { atMost } from "../../../kernel/at-most.js";
import { FiledeskError } from "../../../kernel/errors.js";
import type { FeedViewer, ViewerSource } from "./feed.js";
import type { FollowedTopic, Follower } from "./subscriber.js";

/** Checks the rights of subscribers again: many at once, with one statement per kind of viewer. */
export interface ViewerChecks<Viewer extends FeedViewer> {
  /**
   * Brings the viewers of these followers up to date, and ends those that may follow no more. What is asked for at the
   * same moment is done together.
   */
  check(followers: Iterable<Follower<Viewer>>): Promise<void>;
  /** As `check`, for those alone about whom something else is known than before. */
  checkChanged(followers: readonly Follower<Viewer>[]): Promise<void>;
}

/** How many are told at once why they may not follow any more. */
const REFUSALS_AT_ONCE = 4;
const RELOADED_AT_ONCE = 1_000;

export function createViewerChecks<Viewer extends FeedViewer>(
  viewers: ViewerSource<Viewer>,
): ViewerChecks<Viewer> {
  const refusals = atMost(REFUSALS_AT_ONCE);
  let gathering: { followers: Set<Follower<Viewer>>; done: Promise<void> } | null = null;

  async function checkAll(followers: readonly Follower<Viewer>[]): Promise<void> {
    if (followers.length === 0) return;
    const startedAt = performance.now();
    const ofTopic = new Map<FollowedTopic<Viewer>, Follower<Viewer>[]>();
    for (const follower of followers) {
      const others = ofTopic.get(follower.topic);
      if (others) others.push(follower);
      else ofTopic.set(follower.topic, [follower]);
    }
    const known = new Map(followers.map((follower) => [follower, follower.viewer]));
    const reloading = viewers
      .reload([...known.values()])
      .then((reloaded) => new Map([...known.keys()].map((follower, index) => [follower, reloaded[index]])));
    await Promise.all(
      [...ofTopic].map(async ([topic, ofThis]) => {
        const before = ofThis.map((follower) => known.get(follower) ?? follower.viewer);
        // Both at once: most have not changed, and what is known of them with the one holds for the other.
        const [may, reloaded] = await Promise.all([topic.channel.readers(topic.id, before), reloading]);
        const asked = ofThis.map((follower, index) => {
          const viewer = reloaded.get(follower) ?? follower.viewer;
          return { follower, viewer, may: viewer === before[index] ? may[index] : undefined };
        });
        await judge(topic, asked, startedAt);
      }),
    );
  }

  async function judge(
    { id, channel }: FollowedTopic<Viewer>,
    asked: readonly Asked<Viewer>[],
    startedAt: number,
  ): Promise<void> {
    const changed = asked.filter(({ may }) => may === undefined).map(({ viewer }) => viewer);
    const mayNow = changed.length > 0 ? [...(await channel.readers(id, changed))].values() : null;
    const refused = asked.filter(({ follower, viewer, may = mayNow?.next().value }) => {
      if (may) accept(follower, viewer, startedAt);
      return !may;
    });
    await Promise.all(refused.map((one) => refusals(() => refuse(one, startedAt))));
  }

  /** The channel says why; who has been let in again since goes on. */
  async function refuse({ follower, viewer }: Asked<Viewer>, startedAt: number): Promise<void> {
    if (follower.isEnded) return;
    try {
      await follower.topic.channel.admit(viewer, follower.topic.id);
      accept(follower, viewer, startedAt);
    } catch (error) {
      if (!(error instanceof FiledeskError)) throw error;
      follower.end(error);
    }
  }

  const check = (followers: Iterable<Follower<Viewer>>): Promise<void> => {
    if (gathering === null) {
      const together = new Set<Follower<Viewer>>();
      const done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        gathering = null;
        return checkAll([...together].filter(({ isEnded }) => !isEnded));
      });
      gathering = { followers: together, done };
    }
    for (const follower of followers) gathering.followers.add(follower);
    return gathering.done;
  };

  return {
    check,
    async checkChanged(followers) {
      for (let start = 0; start < followers.length; start += RELOADED_AT_ONCE) {
        const some = followers.slice(start, start + RELOADED_AT_ONCE);
        const before = some.map(({ viewer }) => viewer);
        const reloaded = await viewers.reload(before);
        const changed = some.filter((_, index) => reloaded[index] !== before[index]);
        if (changed.length > 0) await check(changed);
      }
    },
  };
}

interface Asked<Viewer extends FeedViewer> {
  readonly follower: Follower<Viewer>;
  readonly viewer: Viewer;
  /** Whether it may follow, as far as that has been found out. */
  readonly may: boolean | undefined;
}

/** What an earlier look has found counts no more when a later one was quicker. */
function accept<Viewer extends FeedViewer>(
  follower: Follower<Viewer>,
  viewer: Viewer,
  startedAt: number,
): void {
  if (startedAt < follower.checkedAt) return;
  follower.viewer = viewer;
  follower.checkedAt = startedAt;
}
