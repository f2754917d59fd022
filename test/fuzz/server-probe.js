// Plain JavaScript: loaded into the server before its own code, by Node itself. On a Unix socket it reports the server's
// memory after a garbage collection, and when its event loop was blocked.
import { openSync, readSync } from "node:fs";
import { createServer } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

const { FUZZ_PROBE: socketPath } = process.env;
const TICK_MS = 5;
/** Shorter blocks are not reported. */
const REPORTED_MS = 40;

if (isMainThread && socketPath) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const blocks = watchEventLoop();
  const answers = {
    "/alive": async () => true,
    "/blocks": async () => {
      const seen = blocks.seen;
      blocks.seen = [];
      return seen;
    },
    "/memory": async () => {
      // Several times, because finalizers of one collection may release more.
      for (let round = 0; round < 3; round++) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const { rss, heapUsed, external } = process.memoryUsage();
      return { resident: rss, used: heapUsed + external };
    },
  };
  const server = createServer(async ({ url }, response) => {
    response.end(JSON.stringify(await answers[url]()));
  });
  server.listen(socketPath).unref();
}

/**
 * A block is how late a timer is, without the time in which other processes had the processor: the kernel counts how
 * long the thread has waited for it (Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat).
 */
function watchEventLoop() {
  const blocks = { seen: [] };
  const stat = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  const bytes = Buffer.alloc(100);
  const waitedMs = () => {
    const text = bytes.toString("latin1", 0, readSync(stat, bytes, 0, bytes.length, 0));
    return Number(text.split(" ")[1]) / 1e6;
  };
  let [last, waited] = [performance.now(), waitedMs()];
  setInterval(() => {
    const [now, nowWaited] = [performance.now(), waitedMs()];
    const ms = now - last - TICK_MS - (nowWaited - waited);
    if (ms >= REPORTED_MS) {
      const to = performance.timeOrigin + now;
      blocks.seen.push({ ms, from: to - (now - last), to });
    }
    [last, waited] = [now, nowWaited];
  }, TICK_MS).unref();
  return blocks;
}
