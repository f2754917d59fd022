import type { Database } from "../../../platform/database/client.js";
import type { KnownBlob } from "./integrity.repository.js";
import { describeBlob } from "./integrity.repository.js";

/** Bytes that are not what they should be, and whose they are. */
export interface IntegrityFinding {
  readonly finding: "ALTERED" | "MISSING" | "UNREADABLE";
  /** The company's slug. */
  readonly company: string;
  readonly storageKey: string;
  /** In bytes, as uploaded. */
  readonly size: number;
  /** The files of these bytes, deleted ones and earlier versions too: the first hundred. */
  readonly mediaFiles: readonly { readonly id: string; readonly fileName: string }[];
}

/** Who is told of each finding, in a dry run as well. */
export interface FindingOptions {
  readonly onFinding?: ((finding: IntegrityFinding) => void) | undefined;
}

const FILES_NAMED = 100;

export async function tellFinding(
  db: Database,
  { onFinding }: FindingOptions,
  { id, companyId, storageKey, size }: KnownBlob,
  finding: IntegrityFinding["finding"],
): Promise<void> {
  if (onFinding === undefined) return;
  onFinding({ finding, storageKey, size, ...(await describeBlob(db, companyId, id, FILES_NAMED)) });
}
