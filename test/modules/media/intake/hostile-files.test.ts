import { afterEach, describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import { identify } from "../../../../src/modules/media/intake/identify.js";
import { inspect } from "../../../../src/modules/media/intake/inspect.js";
import type { TempFile } from "../../../../src/platform/storage/temp-file.js";
import { HOSTILE_FILES } from "../../../support/hostile-files/table.js";
import { newTempFile, receiveBytes } from "../../../support/received.js";

const { ATTACHMENTS } = bucketRules();

/** Of the processor's time. What takes the square of its length takes several seconds at these sizes. */
const MOST_MS = 1_000;

const temps: TempFile[] = [];
afterEach(async () => {
  for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
});

/** What judging a file costs this process, and how it ends: null for a file that is taken. */
async function judge(content: Buffer, fileName: string) {
  const temp = newTempFile();
  temps.push(temp);
  const received = await receiveBytes(temp, content, fileName);
  const before = process.cpuUsage();
  const refusal = await identify(received, ATTACHMENTS)
    .then((identified) => inspect(identified, { maxPixels: 50_000_000 }))
    .then(
      () => null,
      (error: Error) => error,
    );
  const { user, system } = process.cpuUsage(before);
  return { refusal, ms: (user + system) / 1_000 };
}

describe("a small hostile file", () => {
  it.each(HOSTILE_FILES.map((file) => [file.fileName, file.what, file] as const))(
    "costs little, be it taken or refused: %s, %s",
    async (fileName, _what, { make }) => {
      const { refusal, ms } = await judge(make(), fileName);
      if (refusal !== null) expect(refusal.name).toBe("FiledeskError");
      expect(ms).toBeLessThan(MOST_MS);
    },
  );
});
