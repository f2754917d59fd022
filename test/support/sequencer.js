// Plain JavaScript: jest loads this file by Node itself, which knows neither TypeScript nor our import endings.
import { statSync } from "node:fs";

/** What waits for processes takes long, however short its text. */
const LONG = /\/test\/integrity\/|\/command-line\.test\.ts$/;

/**
 * The files that take longest first, and the others by their size: one that started last would run on alone.
 * Jest's own order is that of its last run, which a fresh checkout has not had.
 */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default class LongFilesFirst {
  shard(tests) {
    return tests;
  }

  sort(tests) {
    const weigh = ({ path }) => (LONG.test(path) ? Number.MAX_SAFE_INTEGER / 2 : 0) + statSync(path).size;
    const weights = new Map(tests.map((test) => [test, weigh(test)]));
    return [...tests].sort((one, other) => weights.get(other) - weights.get(one));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
