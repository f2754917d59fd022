import { on } from "node:events";
import { Worker } from "node:worker_threads";
import { SECOND_MS } from "../../../../kernel/clock.js";
import { fairTurns } from "../../../../kernel/fair-turns.js";

export interface VideoQuestion {
  readonly path: string;
  readonly size: number;
  /** Whether it is a QuickTime file from before there were brands. */
  readonly lacksBrand?: boolean;
}

export type VideoAnswer =
  | { readonly outcome: "no video" }
  | { readonly outcome: "unreadable" }
  | { readonly outcome: "sound"; readonly durationMs: number; readonly audioCodec: string | null }
  | {
      readonly outcome: "read";
      readonly width: number;
      readonly height: number;
      readonly durationMs: number;
      readonly videoCodec: string | null;
      readonly audioCodec: string | null;
    };

/** A real one takes some hundredths of a second, on a busy machine some tenths. */
const LONGEST_MS = 3 * SECOND_MS;
/** For the thread to be there: a tenth of a second, on a machine that has no time left a hundred times that. */
const LONGEST_START_MS = 30 * SECOND_MS;
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Tests load TypeScript, which a thread cannot: they take what was built for them. */
const THREAD = new URL(
  "./read-video-thread.js",
  import.meta.url.replace(/\/src\/(modules\/.+)\.ts$/, "/dist/$1.js"),
);

/**
 * A thread costs memory and a processor: many uploads at once wait for each other here, some hundredths of a second.
 * One is for one company at most: a clip that was made to take long never stands in the way of another company's.
 */
const inTurn = fairTurns({ total: 2, perKey: 1 });

/**
 * Reads the facts of a video in a thread of its own, which is ended when it takes too long: the demuxer can be made to
 * go round for ever by a few wrong bytes, without a pause in which anything else would run. Two threads at most read
 * at once, one of a company.
 */
export const readVideo = (question: VideoQuestion, companyId: string): Promise<VideoAnswer> =>
  inTurn(companyId, () => readInThread(question));

const UNREADABLE: VideoAnswer = { outcome: "unreadable" };

async function readInThread(question: VideoQuestion): Promise<VideoAnswer> {
  const thread = new Worker(THREAD, { workerData: question, resourceLimits: LIMITS, env: {} });
  const messages = on(thread, "message", { close: ["exit"] });
  let timer = setTimeout(() => void thread.terminate(), LONGEST_START_MS);
  try {
    await messages.next(); // it is ready
    clearTimeout(timer);
    timer = setTimeout(() => void thread.terminate(), LONGEST_MS);
    const { value, done } = await messages.next();
    return done ? UNREADABLE : (value[0] as VideoAnswer);
  } catch {
    return UNREADABLE;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
