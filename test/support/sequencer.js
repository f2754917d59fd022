// Plain JavaScript: jest loads this file by Node itself, which knows neither TypeScript nor our import endings.
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The suites with the most tests first, by the size of their files: one that started last would run on alone. Jest's
 * own order is that of its last run, which a fresh checkout has not had.
 */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default class LargestSuitesFirst {
  shard(tests) {
    return tests;
  }

  sort(tests) {
    const weights = new Map(tests.map((test) => [test, weigh(test.path)]));
    return [...tests].sort((one, other) => weights.get(other) - weights.get(one));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}

function weigh(path) {
  const imported = [...readFileSync(path, "utf8").matchAll(/^import "(.*)\.js";$/gm)];
  const files = imported.map(([, file]) => join(dirname(path), `${file}.ts`));
  return [path, ...files].reduce((sum, file) => sum + statSync(file).size, 0);
}
