import { createHash } from "node:crypto";
import { createRandom } from "../../support/random.js";

/** Where a generator takes its choices from: the same seed, door and case choose the same again. */
export interface Source {
  /** From 0 up to, not including, 1. */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  int(low: number, high: number): number;
  /** Mostly small, seldom up to `most`: what is large costs whoever sends it as well. */
  size(most: number): number;
  one<Value>(values: readonly Value[]): Value;
  bytes(count: number): Buffer;
}

export function createSource(seed: number, door: string, caseNumber: number): Source {
  const digest = createHash("sha256").update(`${seed}/${door}/${caseNumber}`).digest();
  const next = createRandom(digest.readUInt32LE());
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    chance: (probability) => next() < probability,
    int,
    size: (most) => Math.max(1, Math.floor(most * next() ** 4)),
    one: (values) => values[Math.floor(next() * values.length)]!,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => int(0, 255))),
  };
}
