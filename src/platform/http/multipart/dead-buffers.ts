import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MIB } from "../../../kernel/bytes.js";

/** How much may arrive before what has been dealt with is collected. */
const COLLECT_EVERY_BYTES = 8 * MIB;

/** Of the whole process, as is the heap that it is about. */
let uncollectedBytes = 0;
let collectYoung: (() => void) | null = null;

/**
 * Counts bytes that have arrived in buffers of their own, and collects the dead ones of them from time to time.
 *
 * Each read of a socket is a new buffer outside of V8's heap, where V8 by itself lets 32 MiB of dead ones pile up
 * (64 MiB since Node 24). A collection of the young generation alone, which is where they die, takes about a
 * millisecond.
 */
export function countDeadBuffers(bytes: number): void {
  uncollectedBytes += bytes;
  if (uncollectedBytes < COLLECT_EVERY_BYTES) return;
  uncollectedBytes = 0;
  collectYoung ??= youngCollector();
  collectYoung();
}

/** V8 gives its collector to those alone who ask for it by a flag; without it, memory is higher and nothing else. */
function youngCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("globalThis.gc");
  return typeof collect === "function" ? () => collect({ type: "minor" }) : () => {};
}
