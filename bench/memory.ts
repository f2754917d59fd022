import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

/** The memory of a process after a garbage collection, in bytes. */
export interface Memory {
  readonly resident: number;
  /** Memory of JavaScript: heap objects and external buffers. */
  readonly used: number;
}

export const MEMORY_REQUEST = "memory";

/**
 * Loaded into a server before its own code: on request, reports its memory after a garbage collection to the parent
 * process.
 */
if (isMainThread && process.send) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  process.on("message", (request) => {
    if (request !== MEMORY_REQUEST) return;
    // Twice, because finalizers of the first collection may release more.
    collect();
    setImmediate(() => {
      collect();
      const { rss, heapUsed, external } = process.memoryUsage();
      process.send?.({ resident: rss, used: heapUsed + external } satisfies Memory);
    });
  });
  process.channel?.unref();
}
