import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 10;

/** Asks a server for its health again and again, as a supervisor does, and answers its parent with the milliseconds of each. */
const [port] = process.argv.slice(2);
let seen: number[] = [];

process.on("message", () => {
  process.send?.(seen);
  seen = [];
});

for (;;) {
  const since = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
  await answer?.text();
  seen.push(answer?.ok ? performance.now() - since : Number.POSITIVE_INFINITY);
  await delay(PAUSE_MS);
}
