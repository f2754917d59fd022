import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MIB } from "../kernel/bytes.js";

/** How many bytes may arrive before unused buffers are collected. */
const COLLECT_EVERY_BYTES = 8 * MIB;

/** Counted per process, like the heap. */
let uncollectedBytes = 0;
let collectYoung: (() => void) | null = null;

/**
 * Counts bytes that have arrived in new buffers, and collects unused buffers at intervals.
 *
 * Each read of a socket allocates a buffer outside of V8's heap, of which V8 lets 32 MiB accumulate (64 MiB since Node
 * 24). A collection of the young generation, which contains these buffers, takes about a millisecond.
 */
export function countDeadBuffers(bytes: number): void {
  uncollectedBytes += bytes;
  if (uncollectedBytes < COLLECT_EVERY_BYTES) return;
  uncollectedBytes = 0;
  collectYoung ??= youngCollector();
  collectYoung();
}

/** V8 exposes its collector only with a flag; without it, only the memory usage is higher. */
function youngCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("globalThis.gc");
  return typeof collect === "function" ? () => collect({ type: "minor" }) : () => {};
}
