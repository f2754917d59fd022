import { Readable } from "node:stream";
import type { Database } from "../../../platform/database/client.js";
import { commitIsInDoubt } from "../../../platform/database/faults.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { Rendered } from "../pictures/render.js";
import type { OnRendered } from "./announce-variants.js";
import { announceVariants } from "./announce-variants.js";
import { forgetFailures } from "./rendering-retry.repository.js";
import type { NewVariant } from "./variant.repository.js";
import { insertVariants, updatePlaceholder, updateVariantsStatus } from "./variant.repository.js";
import { newVariantKey } from "./variant-key.js";

export interface StoreVariantsDeps {
  readonly db: Database;
  readonly storage: Storage;
  readonly onRendered: OnRendered;
}

/**
 * Stores a file's variants, then records them: bytes first, rows after. Variants that another run has recorded
 * meanwhile are kept, and the bytes of this run are removed again; so are they if the file has been purged meanwhile,
 * or its content replaced: the old content belongs to another row, which has a job of its own.
 *
 * @returns false if it has been purged or replaced
 */
export async function storeVariants(
  { db, storage, onRendered }: StoreVariantsDeps,
  file: MediaFileView,
  { variants: rendered, placeholder }: Rendered,
): Promise<boolean> {
  const variants: NewVariant[] = [];
  let recorded: ReadonlySet<string> | "unknown" = new Set<string>();
  try {
    for (const variant of rendered) {
      const { preset, bytes, sha256, mimeType, width, height } = variant;
      const storageKey = newVariantKey(file.storageKey, variant);
      const { companyId, blobId } = file;
      // Listed before it is stored: a failed write may leave bytes.
      variants.push({
        companyId,
        blobId,
        storageKey,
        name: preset.name,
        mimeType,
        width,
        height,
        sha256,
        size: bytes.length,
      });
      await storage.put(storageKey, Readable.from([bytes]));
    }
    recorded = "unknown";
    const kept = await db.transaction((tx) => record({ tx, onRendered }, file, variants, placeholder));
    recorded = new Set(kept);
    return kept !== null;
  } catch (error) {
    recorded = recorded === "unknown" && commitIsInDoubt(error) ? "unknown" : new Set();
    throw error;
  } finally {
    if (recorded !== "unknown") await removeSurplus(storage, variants, recorded);
  }
}

/** The media file first, then its blob, in the order in which the purge locks. */
async function record(
  { tx, onRendered }: { readonly tx: Database; readonly onRendered: OnRendered },
  file: MediaFileView,
  variants: readonly NewVariant[],
  placeholder: string,
): Promise<string[] | null> {
  if (!(await updateVariantsStatus(tx, file, "READY"))) return null;
  await forgetFailures(tx, [file.id]);
  const inserted = await insertVariants(tx, variants);
  await updatePlaceholder(tx, file.blobId, placeholder);
  await announceVariants({ tx, onRendered }, file, "file.variants-ready");
  return inserted;
}

async function removeSurplus(
  storage: Storage,
  variants: readonly NewVariant[],
  recorded: ReadonlySet<string>,
): Promise<void> {
  const surplus = variants.map((variant) => variant.storageKey).filter((key) => !recorded.has(key));
  // What cannot be removed now is left to the sweep.
  if (surplus.length > 0) await storage.delete(surplus).catch(() => {});
}
