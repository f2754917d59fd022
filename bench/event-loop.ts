import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

export const BLOCK_REQUEST = "longest block";

/**
 * Loaded into a server before its own code: on request, reports the longest block of the event loop since the last
 * request, in milliseconds, to the parent process.
 */
if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on("message", (request) => {
    if (request !== BLOCK_REQUEST) return;
    process.send?.(delay.max / 1e6);
    delay.reset();
  });
  process.channel?.unref();
}
