import type { Database } from "../../../platform/database/client.js";

/** Counts a change of a file's size, in bytes, wherever the file is counted. @throws QUOTA_EXCEEDED */
export type Resize = (bytes: number) => Promise<void>;

/** What a module above answers that counts the bytes of the files that it uses. */
export interface SizeKeeper {
  /** Makes whoever else changes what is counted wait until the transaction ends. */
  lock(tx: Database, companyId: string, mediaFileId: string): Promise<Resize>;
}
