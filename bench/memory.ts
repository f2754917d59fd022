import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

/** What a process holds when nothing is left in it that could be thrown away, in bytes. */
export interface Memory {
  readonly resident: number;
  /** Of JavaScript: objects, and buffers beside them. */
  readonly used: number;
}

export const ASK = "memory";

/** Loaded into a server before its own code: answers its parent how much memory it holds after a collection. */
if (isMainThread && process.send) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  process.on("message", (asked) => {
    if (asked !== ASK) return;
    // Twice: what the first finds to be garbage may have held something else by a finalizer.
    collect();
    setImmediate(() => {
      collect();
      const { rss, heapUsed, external } = process.memoryUsage();
      process.send?.({ resident: rss, used: heapUsed + external } satisfies Memory);
    });
  });
  process.channel?.unref();
}
