import type { BucketRules } from "../../src/modules/media/buckets.js";
import type { Identified } from "../../src/modules/media/ingest/identify/identify.js";
import { identify } from "../../src/modules/media/ingest/identify/identify.js";
import type { Inspected, InspectOptions } from "../../src/modules/media/ingest/inspect/inspect.js";
import { inspect } from "../../src/modules/media/ingest/inspect/inspect.js";
import { sanitize } from "../../src/modules/media/ingest/sanitize/sanitize.js";
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
    return await inspectIdentified(identified, {
      companyId: "acme",
      maxPixels: 50_000_000,
      maxSeconds: rules.maxSeconds,
    });
  } finally {
    await temp[Symbol.asyncDispose]();
  }
}

/** The steps between the identification of a file and its scan. */
export async function inspectIdentified(identified: Identified, options: InspectOptions): Promise<Inspected> {
  await using temp = newTempFile();
  const { companyId } = options;
  return await inspect(await sanitize(identified, { companyId, openTemp: async () => temp }), options);
}
