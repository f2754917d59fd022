import { readFile } from "node:fs/promises";
import type { StagedBytes, StagingArea } from "../../src/platform/storage/staging-area.js";

/** Brings staged bytes into their file. @returns the file */
export async function bringIn({ temp, read }: StagedBytes): Promise<string> {
  for await (const chunk of read()) await temp.write(chunk as Buffer);
  await temp.close();
  return temp.path;
}

/** The bytes of a complete upload; null if there are not exactly so many. */
export async function readStaged(staging: StagingArea, name: string, size: number): Promise<Buffer | null> {
  const staged = await staging.open(name, size);
  if (staged === null) return null;
  try {
    return await readFile(await bringIn(staged));
  } finally {
    await staged[Symbol.asyncDispose]();
  }
}
