import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 10;

/**
 * Queries a server's health repeatedly, like a supervisor, and reports the latencies in milliseconds to the parent
 * process.
 */
const [port] = process.argv.slice(2);
let latencies: number[] = [];

process.on("message", () => {
  process.send?.(latencies);
  latencies = [];
});

for (;;) {
  const since = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
  await answer?.text();
  latencies.push(answer?.ok ? performance.now() - since : Number.POSITIVE_INFINITY);
  await delay(PAUSE_MS);
}
