import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";

/** In a process of its own, whose threads are counted. */
const SCRIPT = `
  const { readVideo } = await import(process.argv[2]);
  const { statSync } = await import("node:fs");
  let alive = 0, most = 0;
  process.on("worker", (worker) => {
    most = Math.max(most, ++alive);
    worker.once("exit", () => alive--);
  });
  const path = process.argv[3];
  const companies = process.argv.slice(4);
  const question = { path, size: statSync(path).size };
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => readVideo(question, companies[n % companies.length])));
  console.log(JSON.stringify({ most, outcomes: answers.map(({ outcome }) => outcome) }));`;

it.each([
  ["two videos at once at most, however many are uploaded", 2, ["a", "b", "c"]],
  ["one of a company, so that another's never waits behind it", 1, ["a"]],
])("reads %s", async (_what, most, companies) => {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-threads-"));
  try {
    const script = join(folder, "count.mjs");
    await writeFile(script, SCRIPT);
    const module = resolve("dist/modules/media/ingest/inspect/read-video.js");
    const { stdout } = await promisify(execFile)(process.execPath, [
      script,
      module,
      resolve("test/fixtures/clip.mp4"),
      ...companies,
    ]);
    expect(JSON.parse(stdout)).toEqual({ most, outcomes: Array(8).fill("read") });
  } finally {
    await rm(folder, { recursive: true });
  }
});
