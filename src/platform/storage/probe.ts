import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Storage } from "./storage.js";

/** Writes, reads and deletes a small object. @throws the error of the storage, or if it returns other bytes */
export async function probe(storage: Pick<Storage, "put" | "get" | "delete">): Promise<void> {
  const key = `probe/${randomUUID()}`;
  try {
    await storage.put(key, Readable.from([Buffer.from(key)]));
    if ((await text(await storage.get(key))) !== key)
      throw new Error("what was read is not what was written");
    await storage.delete([key]);
  } catch (error) {
    await storage.delete([key]).catch(() => {});
    throw error;
  }
}
