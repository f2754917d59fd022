// Plain JavaScript: jest loads this file by Node itself, which knows no TypeScript.
import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findLeaks } from "./find-leaks.js";

// biome-ignore lint/style/noDefaultExport: jest asks for one
export default async function globalTeardown() {
  await globalThis.stopTestCluster?.();
  await globalThis.removeDemoFolder?.();
  await refuseLeaks(process.env.TEST_LOG_FOLDER);
}

const MOST_SHOWN = 20;

/** Fails the run if a server has logged a secret that a test knows of, or anything that has the form of one. */
async function refuseLeaks(folder) {
  if (folder === undefined) return;
  try {
    const names = await readdir(folder);
    const secrets = [];
    for (const name of names.filter((one) => one.endsWith(".secrets")))
      for await (const line of linesOf(folder, name)) secrets.push(JSON.parse(line));
    const found = [];
    for (const name of names.filter((one) => one.endsWith(".log"))) {
      const lines = [];
      for await (const line of linesOf(folder, name)) lines.push(line);
      found.push(...findLeaks(lines, secrets));
    }
    if (found.length === 0) return;
    const shown = found.slice(0, MOST_SHOWN).map(({ what, line }) => `  ${what}: ${line}`);
    throw new Error(`${found.length} log lines of this run contain secrets:\n${shown.join("\n")}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const linesOf = (folder, name) => createInterface({ input: createReadStream(join(folder, name)) });
