import { purgeFiles } from "../../src/modules/media/upkeep/purge.js";
import type { TestServer } from "./test-server.js";

/** Purges deleted media files, as the recurring task does. @returns how many were removed */
export async function purgeDeletedFiles(
  { database: { db }, services: { storage } }: Pick<TestServer, "database" | "services">,
  before: Date,
  assertMayRemove = async (): Promise<void> => {},
): Promise<number> {
  return (await purgeFiles({ db, storage, assertMayRemove }, { kind: "deleted", before })).files;
}
