import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

export const ASK_FOR_BLOCK = "longest block";

/** Loaded into a server before its own code: answers its parent how long, in milliseconds, its event loop was held up at the longest since it was last asked. */
if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on("message", (asked) => {
    if (asked !== ASK_FOR_BLOCK) return;
    process.send?.(delay.max / 1e6);
    delay.reset();
  });
  process.channel?.unref();
}
