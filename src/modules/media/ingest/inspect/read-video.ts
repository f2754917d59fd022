import { on } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { SECOND_MS } from "../../../../kernel/clock.js";
import { isErrno } from "../../../../kernel/errno.js";
import { fairTurns } from "../../../../kernel/fair-turns.js";
import { packageRoot } from "../../../../kernel/package-root.js";

export interface VideoQuestion {
  readonly path: string;
  readonly size: number;
  /** Whether it is a QuickTime file from before brands existed. */
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

/** Real files take some hundredths of a second, on a busy machine some tenths. */
const LONGEST_MS = 3 * SECOND_MS;
/** For the start of the thread: a tenth of a second, on an overloaded machine a hundred times that. */
const LONGEST_START_MS = 30 * SECOND_MS;
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** The built file, also where this module runs as TypeScript, which a thread cannot load. */
const THREAD = join(packageRoot, "dist/bundle/read-video-thread.js");

/**
 * A thread costs memory and a processor, so concurrent uploads wait here for some hundredths of a second. A company has
 * one thread at most, so that a clip made to take long does not delay other companies.
 */
const inTurn = fairTurns({ total: 2, perKey: 1 });

/**
 * Reads a video in a thread of its own, which is terminated if it takes too long: a few wrong bytes can make the
 * demuxer loop forever without yielding. At most two threads read at once, one of a company.
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
  } catch (error) {
    // An incomplete installation is not the fault of the file.
    if (isErrno(error, "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND")) throw error;
    return UNREADABLE;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
