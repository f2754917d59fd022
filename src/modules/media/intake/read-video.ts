import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { atMost } from "../../../kernel/at-most.js";
import { SECOND_MS } from "../../../kernel/clock.js";

export interface VideoQuestion {
  readonly path: string;
  readonly size: number;
}

export type VideoAnswer =
  | { readonly outcome: "no video" }
  | { readonly outcome: "unreadable" }
  | {
      readonly outcome: "read";
      readonly width: number;
      readonly height: number;
      readonly durationMs: number;
      readonly videoCodec: string | null;
      readonly audioCodec: string | null;
    };

/** A real one takes some hundredths of a second. */
const LONGEST_MS = 5 * SECOND_MS;
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Tests load TypeScript, which a thread cannot: they take what was built for them. */
const THREAD = new URL(
  import.meta.url.endsWith(".ts")
    ? "../../../../dist/modules/media/intake/read-video-thread.js"
    : "./read-video-thread.js",
  import.meta.url,
);

/** A thread costs memory and a processor: many uploads at once wait for each other here, some hundredths of a second. */
const inTurn = atMost(2);

/**
 * Reads the facts of a video in a thread of its own, which is ended when it takes too long: the demuxer can be made to
 * go round for ever by a few wrong bytes, without a pause in which anything else would run. Two threads at most read
 * at once.
 */
export const readVideo = (question: VideoQuestion): Promise<VideoAnswer> =>
  inTurn(() => readInThread(question));

async function readInThread(question: VideoQuestion): Promise<VideoAnswer> {
  const thread = new Worker(THREAD, { workerData: question, resourceLimits: LIMITS, env: {} });
  const timer = setTimeout(() => void thread.terminate(), LONGEST_MS);
  try {
    const ended = once(thread, "exit").then(() => [{ outcome: "unreadable" }]);
    const [answer] = await Promise.race([once(thread, "message"), ended]);
    return answer as VideoAnswer;
  } catch {
    return { outcome: "unreadable" };
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
