import type { BucketRules } from "../../src/modules/media/buckets.js";
import { identify } from "../../src/modules/media/ingest/identify/identify.js";
import type { Inspected } from "../../src/modules/media/ingest/inspect/inspect.js";
import { inspect } from "../../src/modules/media/ingest/inspect/inspect.js";
import { newTempFile, receiveBytes } from "./received.js";

/** Has a file judged as an upload is, and removes it. */
export async function takeIn(
  content: Buffer | string,
  fileName: string,
  rules: BucketRules,
): Promise<Inspected> {
  const temp = newTempFile();
  try {
    const identified = await identify(await receiveBytes(temp, content, fileName), rules);
    return await inspect(identified, {
      companyId: "acme",
      maxPixels: 50_000_000,
      maxSeconds: rules.maxSeconds,
    });
  } finally {
    await temp[Symbol.asyncDispose]();
  }
}
