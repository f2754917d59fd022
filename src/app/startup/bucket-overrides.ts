import { readFile } from "node:fs/promises";
import { bucketRules } from "../../modules/media/buckets.js";

/**
 * The rules of all buckets, with the overrides of the JSON file if one is configured. @throws Error with the reason if
 * it is invalid
 */
export async function readBucketRules(path: string | undefined) {
  if (!path) return bucketRules();
  let overrides: unknown;
  try {
    overrides = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(`BUCKETS_FILE: ${path} cannot be read as JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
  return bucketRules(overrides);
}
