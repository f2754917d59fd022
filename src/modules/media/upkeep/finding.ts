import type { Database } from "../../../platform/database/client.js";
import type { KnownBlob } from "./integrity.repository.js";
import { describeBlob } from "./integrity.repository.js";

/** Damaged bytes, and the files that they belong to. */
export interface IntegrityFinding {
  readonly finding: "ALTERED" | "MISSING" | "UNREADABLE";
  /** The company's slug. */
  readonly company: string;
  readonly storageKey: string;
  /** The name of the variant; left out for an original. */
  readonly variant?: string;
  /** In bytes, as recorded. */
  readonly size: number;
  /** The files of these bytes, including deleted ones and earlier versions: the first hundred. */
  readonly mediaFiles: readonly { readonly id: string; readonly fileName: string }[];
}

/** Receives each finding, in a dry run as well. */
export interface FindingOptions {
  readonly onFinding?: ((finding: IntegrityFinding) => void) | undefined;
}

const FILES_NAMED = 100;

type DamagedBytes = Pick<KnownBlob, "id" | "companyId" | "storageKey" | "size"> &
  Pick<IntegrityFinding, "variant">;

/** @param damaged the blob; of a variant with the variant's own name, key and size */
export async function reportFinding(
  db: Database,
  { onFinding }: FindingOptions,
  { id, companyId, ...bytes }: DamagedBytes,
  finding: IntegrityFinding["finding"],
): Promise<void> {
  if (onFinding === undefined) return;
  const { storageKey, size, variant } = bytes;
  const isOf = variant === undefined ? {} : { variant };
  onFinding({ finding, storageKey, size, ...isOf, ...(await describeBlob(db, companyId, id, FILES_NAMED)) });
}
